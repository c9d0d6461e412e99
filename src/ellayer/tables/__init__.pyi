from .column_encoder import ColumnEncoder as ColumnEncoder
from .columns import Column as Column
from .columns import read_table as read_table
from .kinds import ColumnKind as ColumnKind
from .kinds import infer_kind as infer_kind
from .preparation import TablePreparation as TablePreparation
from .survey import ColumnFacts as ColumnFacts
from .survey import Survey as Survey
