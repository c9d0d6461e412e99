from .app import make_app as make_app
from .launch import play as play
from .opening import Opening as Opening
