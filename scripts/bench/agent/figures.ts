// Figures by name, and what a handful of runs says together: the median, the lowest and the highest.
// A figure that nobody measured is an error, never a zero.

import { HubleafError } from '../../../base/errors.ts'

/** What a program measured. */
export type Figures = { readonly [name: string]: number }

/** The median of some runs and its spread. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** One line of the table; `key` is its name in the JSON object, where it has one. */
export interface Finding {
  readonly key?: string
  readonly value?: number
  readonly what: string
  readonly ours: string
  readonly limit?: string
  /** What the figure must be; empty where nothing is asked. */
  readonly bar?: string
  readonly met?: boolean
}

/** A figure. Throws `internal` if it is not there. */
export function figure(figures: Figures, name: string): number {
  const found = figures[name]
  if (found === undefined) throw new HubleafError('internal', `nobody measured ${name}`)
  return found
}

/** Median and spread of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (place: number): number => sorted[place] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2
  return { median, min: at(0), max: at(sorted.length - 1) }
}

/** The spread of one figure over some runs. */
export function spreadIn(runs: readonly Figures[], name: string): Spread {
  return spreadOf(runs.map((run) => figure(run, name)))
}

/** `median (min..max)` with so many digits after the point. */
export function show({ median, min, max }: Spread, digits = 0): string {
  const [middle, low, high] = [median, min, max].map((value) => number(value, digits))
  return `${middle ?? ''} (${low ?? ''}..${high ?? ''})`
}

/** A number for a person. */
export function number(value: number, digits = 0): string {
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

/** The value below which `share` of the sorted values lie. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
