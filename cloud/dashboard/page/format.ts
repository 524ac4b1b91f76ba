// Numbers, ages and times as people read them, in the viewer's own language where it matters. Pure,
// but for the language of the browser.

const upTo = (digits: number) => new Intl.NumberFormat(undefined, { maximumFractionDigits: digits })
const FORMATS = [upTo(0), upTo(1), upTo(2), upTo(3)] as const
const SMALL = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 })

/** A count with grouping. */
export function countText(count: number): string {
  return FORMATS[0].format(count)
}

/** A measured number: about four significant digits, never fewer than the whole part. */
export function numberText(number: number): string {
  const size = Math.abs(number)
  if (size >= 1000) return FORMATS[0].format(number)
  if (size >= 100) return FORMATS[1].format(number)
  if (size >= 1) return FORMATS[2].format(number)
  return SMALL.format(number)
}

const PREFIXED = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 4 })
const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P'] as const

/** A number with its unit; bytes and watt-hours with a prefix. */
export function quantityText(number: number, unit: string): string {
  if (!/^(B|B\/s|Wh)$/.test(unit) || Math.abs(number) < 1000) {
    return unit === '' ? numberText(number) : `${numberText(number)}${gap(unit)}${unit}`
  }
  const step = Math.min(PREFIXES.length - 1, Math.floor(Math.log10(Math.abs(number)) / 3))
  return `${PREFIXED.format(number / 1000 ** step)}${NARROW}${PREFIXES[step] ?? ''}${unit}`
}

// A narrow space that does not break, as typographers set it; the percent sign stands close.
const NARROW = '\u202f'
const gap = (unit: string): string => (unit === '%' ? '' : NARROW)

/** How long ago, such as `3 s ago`. */
export function ageText(ms: number): string {
  if (ms < -2000) return `in ${spanText(-ms)}`
  return ms < 1000 ? 'just now' : `${spanText(ms)} ago`
}

/** A span in its largest unit: `3 s`, `4 min`, `2 h`, `5 d`. */
export function spanText(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** A value that is no number: words as they are, other JSON as text, shortened. */
export function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}

// Twenty-four hours everywhere: short enough for a narrow axis, and never in doubt.
const hours = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
const CLOCK = new Intl.DateTimeFormat(undefined, hours)
const SECONDS = new Intl.DateTimeFormat(undefined, { ...hours, second: '2-digit' })
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric' })
const DATE = { day: 'numeric', month: 'short', ...hours } as const
const FULL = new Intl.DateTimeFormat(undefined, DATE)

/** The text at a tick of a time axis whose ticks are `stepMs` apart. */
export function tickText(at: number, stepMs: number): string {
  if (stepMs >= 86_400_000) return DAY.format(at)
  return stepMs < 60_000 ? SECONDS.format(at) : CLOCK.format(at)
}

/** A moment in a window of `windowMs`: with its date where the window has several. */
export function momentText(at: number, windowMs: number): string {
  return (windowMs > 3_600_000 ? FULL : SECONDS).format(at)
}

/** The texts of a value axis: one unit prefix for all, digits as the step between ticks asks. */
export function axisTexts(splits: readonly number[], step: number, unit: string): string[] {
  const largest = Math.max(...splits.map(Math.abs))
  const prefixed = /^(B|B\/s|Wh)$/.test(unit) && largest >= 1000
  const power = prefixed ? Math.min(PREFIXES.length - 1, Math.floor(Math.log10(largest) / 3)) : 0
  const digits = decimalsOf(step / 1000 ** power)
  const fixed = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  const format = new Intl.NumberFormat(undefined, fixed)
  const full = `${PREFIXES[power] ?? ''}${unit}`
  const tail = full === '' ? '' : `${gap(full)}${full}`
  return splits.map((split) => `${format.format(split / 1000 ** power)}${tail}`)
}

/** The decimals that tell multiples of `step` apart, at most 6. */
function decimalsOf(step: number): number {
  for (let digits = 0; digits < 6; digits += 1) {
    const scaled = step * 10 ** digits
    if (Math.abs(scaled - Math.round(scaled)) < scaled * 1e-6) return digits
  }
  return 6
}
