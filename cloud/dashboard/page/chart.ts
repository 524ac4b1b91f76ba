// One uPlot chart: measured lines, or lanes for what is on or off. It draws what it is given; the
// window slides because the range of its time axis is asked for at each drawing.

import uPlot from '/uplot.js'
import { LANE_HIGH, laneFloor } from './draw.ts'
import type { Drawn } from './draw.ts'
import { axisTexts, tickText } from './format.ts'
import { colourOf, dashOf } from './palette.ts'

/** Measured lines, or a lane for each thing that is on or off. */
export type ChartKind = 'line' | 'lanes'

/** What a chart is made of. */
export interface ChartParts {
  readonly host: HTMLElement
  readonly kind: ChartKind
  readonly labels: readonly string[]
  readonly unit: string
  /** True for counters: their growth is what matters, however small beside the sum. */
  readonly grows: boolean
  /** The window, epoch ms, asked for at each drawing. */
  readonly window: () => { readonly from: number; readonly to: number }
  /** The time under the pointer, or undefined when it has left. */
  readonly onHover: (at: number | undefined) => void
}

/** A chart on the page. */
export interface Chart {
  draw(lines: readonly Drawn[]): void
  /** Draws again with the colours of the theme that is on now. */
  restyle(): void
  destroy(): void
}

const LINE_HEIGHT_PX = 200
const LANE_HEIGHT_PX = 30
const AXIS_HEIGHT_PX = 28
// The steps between ticks, ms: seconds, minutes, hours, days.
const TIME_STEPS_MS = [
  ...[1, 5, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
  ...[1, 2, 7].map((days) => days * 86_400_000),
]
const FONT = '12px system-ui, sans-serif'

/** Makes a chart in its host and keeps it as wide as that. */
export function createChart(parts: ChartParts): Chart {
  const { host, kind, labels } = parts
  const height = kind === 'line' ? LINE_HEIGHT_PX : labels.length * LANE_HEIGHT_PX + AXIS_HEIGHT_PX
  const options: uPlot.Options = {
    width: Math.max(host.clientWidth, 120),
    height,
    ms: 1,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { show: kind === 'line', size: 7 },
      sync: { key: 'hubleaf', scales: ['x', null] },
    },
    scales: {
      x: { range: () => [parts.window().from, parts.window().to] },
      y: { range: kind === 'line' ? lineRange(parts.grows) : () => [0, labels.length] },
    },
    axes: [timeAxis(), kind === 'line' ? valueAxis(parts.unit) : laneAxis(labels)],
    series: [{}, ...labels.map((_label, index) => lineOf(kind, index, labels.length))],
    hooks: { setCursor: [(plot) => parts.onHover(timeUnder(plot))] },
  }
  const plot = new uPlot(options, [[], ...labels.map(() => [])], host)
  const resized = new ResizeObserver(() => {
    if (host.clientWidth > 0 && host.clientWidth !== plot.width) {
      plot.setSize({ width: host.clientWidth, height })
    }
  })
  resized.observe(host)
  return {
    draw: (lines) => plot.setData(joined(lines)),
    restyle: () => plot.redraw(false, true),
    destroy() {
      resized.disconnect()
      plot.destroy()
    },
  }
}

// Values that only another series has a time for stay undefined: uPlot draws across those and
// breaks at null only.
function joined(lines: readonly Drawn[]): uPlot.AlignedData {
  return uPlot.join(lines.map(({ at, y }) => [at, y]))
}

function timeUnder(plot: uPlot): number | undefined {
  const left = plot.cursor.left ?? -1
  return left < 0 ? undefined : plot.posToVal(left, 'x')
}

// A line that hardly moves must look so: the axis never spans less than 1 % of its values.
function lineRange(grows: boolean): uPlot.Range.Function {
  return (_plot, min: number | null, max: number | null) => {
    if (min === null || max === null || !Number.isFinite(min + max)) return [0, 1]
    const span = Math.max(max - min, grows ? 0 : Math.abs(max) * 0.01, 0.1)
    const middle = (min + max) / 2
    const low = middle - span * 0.58
    return [min >= 0 && low < 0 ? 0 : low, middle + span * 0.58]
  }
}

/** Pixels that a dot needs for itself in a line of dots. */
const DOT_SPACE = 24

/** Few readings are shown as dots, so that a new sensor is seen at once; many are a line. */
const FEW_POINTS = 10

function isSparse(plot: uPlot, series: number, first: number, last: number): boolean {
  const numbers = plot.data[series] ?? []
  const few = Math.max(FEW_POINTS, plot.bbox.width / uPlot.pxRatio / DOT_SPACE)
  let count = 0
  // The times are those of all series: what counts is how many of them this one has.
  for (let index = first; index <= last && count <= few; index += 1) {
    if (typeof numbers[index] === 'number') count += 1
  }
  return count <= few
}

function lineOf(kind: ChartKind, index: number, count: number): uPlot.Series {
  const colour = colourOf(index)
  if (kind === 'line') {
    // A lone line gets a hint of area; among others it would only make mud.
    const area = count === 1 ? { fill: `${colour}18` } : {}
    const points = { size: 6, fill: colour, show: isSparse }
    return { stroke: colour, width: 2, dash: dashOf(index), points, ...area }
  }
  const stepped = uPlot.paths.stepped?.({ align: 1 })
  return {
    stroke: colour,
    width: 2,
    fill: `${colour}55`,
    fillTo: laneFloor(index, count),
    points: { show: false },
    ...(stepped === undefined ? {} : { paths: stepped }),
  }
}

function timeAxis(): uPlot.Axis {
  return {
    ...axisStyle(),
    size: AXIS_HEIGHT_PX,
    space: 52,
    incrs: [...TIME_STEPS_MS],
    values: (_plot, splits, _axis, _space, step) => splits.map((at) => tickText(at, step)),
  }
}

function valueAxis(unit: string): uPlot.Axis {
  return {
    ...axisStyle(),
    space: 38,
    values: (_plot, splits, _axis, _space, step) => axisTexts(splits, step, unit),
    size: (_plot, values) => widthOf(values),
  }
}

function laneAxis(labels: readonly string[]): uPlot.Axis {
  const middles = labels.map((_label, index) => laneFloor(index, labels.length) + LANE_HIGH / 2)
  const short = labels.map((label) => (label.length > 14 ? `${label.slice(0, 13)}…` : label))
  return {
    ...axisStyle(),
    grid: { show: false },
    splits: () => [...middles].reverse(),
    values: () => [...short].reverse(),
    size: (_plot, values) => widthOf(values),
  }
}

// One width for most charts, so that their time axes stand in line below each other.
const SHORTEST_VALUE = 7

// uPlot asks before it knows any values; then there are none.
function widthOf(values: readonly string[] | null): number {
  const longest = Math.max(SHORTEST_VALUE, ...(values ?? []).map((value) => value.length))
  return Math.ceil(longest * 6.7) + 14
}

function axisStyle(): uPlot.Axis {
  const style = (name: string) => (): string =>
    getComputedStyle(document.documentElement).getPropertyValue(name)
  return {
    font: FONT,
    stroke: style('--axis'),
    grid: { stroke: style('--grid'), width: 1 },
    ticks: { show: false },
  }
}
