/**
 * Shapes of the messages between server and page; `messages.py` has the same in Python.
 *
 * @typedef {{value: string|number|null, label: string, group?: string, text?: string, html?: string, preview?: number[][],
 *   sets?: Record<string, any>}} Choice
 * @typedef {{path: string, values: (string|number|boolean|null)[], isNot?: boolean}} Condition
 * `sets`: other values of the state that the choice sets, null for the server's default.
 * @typedef {{path: string, label: string, kind: "choice"|"number"|"integer"|"switch"|"text", choices?: Choice[],
 *   minimum?: number, maximum?: number, step?: number, scale?: "log", empty?: string, help?: string, only?: Condition}} Field
 * @typedef {{id: string, title: string, fields: Field[]}} Panel
 * @typedef {{units: number, activation: string}} HiddenLayer
 * @typedef {{maximum_layers: number, maximum_units: number, new: HiddenLayer, fields: Field[]}} LayerOptions
 * @typedef {{panels: Panel[], layer: LayerOptions}} Options
 * @typedef {{id: string, title: string, text?: string}} LessonEntry
 * @typedef {{version: number, data: Record<string, any>, network: {hidden: HiddenLayer[]} & Record<string, any>,
 *   training: Record<string, any>, stop: Record<string, any>}} State
 * @typedef {{field: string, text: string}} Problem
 * @typedef {{names: string[], lower: number[], upper: number[]}} Axes
 * @typedef {{width: number, height: number, pixels: number[][], labels: number[], indices: number[]}} Pictures
 * @typedef {{task: "classes"|"numbers"|"pictures", name: string, about: string, features: string[], classes: string[],
 *   axes: Axes, target_range: number[]|null, train: number[][], test: number[][], counts: {train: number, test: number},
 *   notes: string[], pictures?: Pictures}} Data points are [x1, x2, label, index]
 * @typedef {{units: number, shown: number, activation?: string, names?: string[]}} DrawnLayer
 * @typedef {{layers: DrawnLayer[], parameters: {W: number[][], b: number[]}[], note?: string}} Network
 * @typedef {{name: string, gradient_norm: number|null, update_ratio: number|null, activation_mean: number|null,
 *   activation_std: number|null, saturated: number|null, dead: number|null}} LayerFigures
 * @typedef {{grade: "note"|"warning"|"serious", text: string, advice?: string}} Finding
 * @typedef {{frame: number, iteration: number, epoch: number, cost: {train: number|null, test: number|null},
 *   score: {name: string} & MemberScore, confusions?: {train: number[][]|null, test: number[][]|null},
 *   per_layer: LayerFigures[], iterations_per_second: number|null, diagnosis: Finding[], running: boolean,
 *   finished: string, plane_range: number[]|null, plane_of: "member"|"mean", text: string}} Frame
 * @typedef {{train: number|null, test: number|null}} MemberScore
 * @typedef {{column: string, levels: string[], values: number[][], note: string}} Embedding
 * @typedef {{name: string, read_only: boolean, why: string, facts: [string, string][], score: string, members: MemberScore[],
 *   mean: MemberScore|null, member: number|null, embeddings: Embedding[], needs: {columns: string[], target: string}|null,
 *   draws_mean: boolean}} Model
 * @typedef {{width: number, height: number, pixels: number[], channels: 1|3, classes: {name: string, probability: number}[],
 *   prediction: string, notes: string[]}} PicturePrediction
 * @typedef {[number, number|null, number|null]} CurvePoint
 * @typedef {{id: string, name: string, points: CurvePoint[]}} SavedRun
 * @typedef {{term: string, value: number|null}} Term
 * @typedef {{kind: string, title: string, text: string, equation_html: string, rows: Term[], chain_html: string,
 *   sections: {title: string, html: string, rows: Term[]}[],
 *   difference: {analytic: number, numeric: number|null, relative_error: number|null}|null}} Explanation
 * @typedef {{id: string, title: string, text_html: string, tasks: {id: string, text: string, done: boolean}[]}} Lesson
 * @typedef {{frame: number, kind: number, width: number, height: number, planes: number,
 *   values: Uint8Array|Float32Array}} Planes
 * @typedef {{kind: "unit"|"bias"|"weight"|"point", layer?: number, row?: number, column?: number, example?: number}} Target
 * @typedef {(message: Record<string, any> & {type: string}) => void} Send
 */
export {};
