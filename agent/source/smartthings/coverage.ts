// Since when and until when nobody listened. Pure. A gap opens when snapshots fail or the stream breaks,
// is closed by the next snapshot, and waits until the history of it has been read to its end.

/** A time that only the history can fill, epoch ms. */
export interface Gap {
  readonly from: number
  readonly to: number
}

/** What is covered. */
export interface Coverage {
  /** All that happened before this was heard, or lies in a gap; undefined before the first snapshot. */
  readonly until?: number
  /** A gap that no snapshot has closed yet began here. */
  readonly openSince?: number
  /** Closed gaps, oldest first. */
  readonly gaps: readonly Gap[]
}

/** Nothing was ever heard: the first snapshot is the beginning, not the end of a gap. */
export const UNCOVERED: Coverage = { gaps: [] }

/** Gaps kept apart; beyond that the oldest two become one. */
const GAPS_MAX = 100

/** Nobody listens any more since what was covered last. */
export function interrupted(coverage: Coverage): Coverage {
  const { until, openSince } = coverage
  return until === undefined || openSince !== undefined ? coverage : reopened(coverage, until)
}

/** What was taken for covered was not, since `since`. */
export function reopened(coverage: Coverage, since: number): Coverage {
  return { ...coverage, openSince: Math.min(since, coverage.openSince ?? since) }
}

/** A snapshot was taken at `at`: it closes what is open. */
export function looked(coverage: Coverage, at: number): Coverage {
  const { openSince, gaps } = coverage
  const until = Math.max(at, coverage.until ?? at)
  if (openSince === undefined || openSince >= at) return { until, gaps }
  const all = [...gaps, { from: openSince, to: at }]
  const [first, second] = all
  const isLong = all.length > GAPS_MAX && first !== undefined && second !== undefined
  return { until, gaps: isLong ? [{ from: first.from, to: second.to }, ...all.slice(2)] : all }
}

/** The stream is known to have delivered all until `at`. */
export function delivered(coverage: Coverage, at: number): Coverage {
  if (coverage.openSince !== undefined || coverage.until === undefined) return coverage
  return { ...coverage, until: Math.max(coverage.until, at) }
}

/** The history of the first gap has been read up to `at`. */
export function filled(coverage: Coverage, at: number): Coverage {
  const [first, ...rest] = coverage.gaps
  if (first === undefined) return coverage
  return { ...coverage, gaps: at >= first.to ? rest : [{ from: at, to: first.to }, ...rest] }
}
