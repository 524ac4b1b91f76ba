// The reading connection. Each question is one read transaction, so that its answer is of one moment,
// and none of them grows with the history beyond the rows of its own series and span.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { HubleafError } from '../../base/errors.ts'
import { parseJson, textAt } from '../../base/json.ts'
import { numberIn, textIn } from '../../base/sqlite.ts'
import type { SqlRow } from '../../base/sqlite.ts'
import { parseHubId, parseTypeName } from '../../wire/ids.ts'
import type { HubId } from '../../wire/ids.ts'
import { flagsOf } from './flags.ts'
import { DEVICES_MAX_NAMES, LATEST_MAX_SERIES } from './limits.ts'
import type { DeviceName, Latest, Point, RangeRequest } from './storage.ts'

/** What is kept of each stretch of a long range: the lowest, the highest and the last point. */
const POINTS_PER_BUCKET = 3

/** Answers questions from an open and migrated database. */
export class SqliteReader {
  readonly #database: DatabaseSync
  readonly #latest: StatementSync
  readonly #devices: StatementSync
  readonly #series: StatementSync
  readonly #points: StatementSync
  readonly #first: StatementSync
  readonly #last: StatementSync
  readonly #lowest: StatementSync
  readonly #highest: StatementSync
  readonly #final: StatementSync
  readonly #count: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#latest = database.prepare(`SELECT hub, type, site, device, channel, at, value, number,
      unit, flags FROM latest JOIN series ON series.id = series_id WHERE type <> '_device'
      ORDER BY at DESC LIMIT ?`)
    this.#devices = database.prepare(`SELECT hub, site, device, channel, at, value
      FROM latest JOIN series ON series.id = series_id WHERE type = '_device'
      ORDER BY at DESC LIMIT ?`)
    this.#series = database.prepare(`SELECT id FROM series
      WHERE hub = ? AND type = ? AND site = ? AND device = ? AND channel = ?`)
    const span = 'FROM reading WHERE series_id = ? AND at >= ? AND at < ? AND number IS NOT NULL'
    // Of equal times the one that came last is last, as in `latest`: a state holds from there on.
    this.#points = database.prepare(`SELECT at, number ${span} ORDER BY at, run_id, seq LIMIT ?`)
    this.#first = database.prepare(`SELECT at ${span} ORDER BY at LIMIT 1`)
    this.#last = database.prepare(`SELECT at ${span} ORDER BY at DESC LIMIT 1`)
    // A bare column beside min() or max() is of the row that has it (sqlite.org, "Quirks").
    this.#lowest = database.prepare(`SELECT min(number) AS number, at ${span}`)
    this.#highest = database.prepare(`SELECT max(number) AS number, at ${span}`)
    this.#final = database.prepare(`SELECT at, number ${span}
      ORDER BY at DESC, run_id DESC, seq DESC LIMIT 1`)
    this.#count = database.prepare('SELECT readings FROM total')
  }

  latest(): readonly Latest[] {
    return this.#latest.all(LATEST_MAX_SERIES).map(latestOf)
  }

  devices(): readonly DeviceName[] {
    return this.#devices.all(DEVICES_MAX_NAMES).map(deviceOf)
  }

  count(): number {
    return numberIn(this.#count.get(), 'readings')
  }

  range(request: RangeRequest): readonly Point[] {
    this.#database.exec('BEGIN')
    try {
      return this.#range(request)
    } finally {
      this.#database.exec('COMMIT')
    }
  }

  #range(request: RangeRequest): readonly Point[] {
    const { hub, type, site, device, channel, from, to, points } = request
    const found = this.#series.get(hub, type, site ?? '', device, channel)
    if (found === undefined || to <= from) return []
    const series = numberIn(found, 'id')
    const few = this.#points.all(series, from, to, points + 1)
    if (few.length <= points) return few.map(pointOf)
    // Buckets divide the time that has points: a question about all times still gets a full chart.
    const begin = numberIn(this.#first.get(series, from, to), 'at')
    const end = numberIn(this.#last.get(series, from, to), 'at') + 1
    const buckets = Math.max(1, Math.floor(points / POINTS_PER_BUCKET))
    const thinned: Point[] = []
    let start = begin
    for (let bucket = 1; bucket <= buckets; bucket += 1) {
      const next = bucket === buckets ? end : begin + Math.floor((end - begin) * (bucket / buckets))
      if (next > start) thinned.push(...this.#bucket(series, start, next))
      start = Math.max(start, next)
    }
    return thinned
  }

  /**
   * The lowest, the highest and the last point of a span, in the order of time; one if all are
   * equal. Without the last, what was switched off would seem on until the next reading.
   */
  #bucket(series: number, from: number, to: number): readonly Point[] {
    const low = this.#lowest.get(series, from, to)
    if (low === undefined || low['number'] === null) return []
    const lowest = pointOf(low)
    const highest = pointOf(this.#highest.get(series, from, to))
    if (lowest.number === highest.number) return [lowest]
    const both = lowest.at <= highest.at ? [lowest, highest] : [highest, lowest]
    const final = pointOf(this.#final.get(series, from, to))
    const before = both.filter(({ at, number }) => at !== final.at || number !== final.number)
    return [...before, final]
  }
}

function pointOf(row: SqlRow | undefined): Point {
  return { at: numberIn(row, 'at'), number: numberIn(row, 'number') }
}

/** The record's own names: its ids are those of the series, whatever it says. */
function deviceOf(row: SqlRow): DeviceName {
  const value = parseJson(textIn(row, 'value'))
  return {
    ...{ hub: hubIn(row), site: textIn(row, 'site') || null },
    ...{ device: textIn(row, 'device'), source: textIn(row, 'channel') },
    name: textAt(value, 'name') ?? null,
    room: textAt(value, 'room') ?? null,
    at: numberIn(row, 'at'),
  }
}

function hubIn(row: SqlRow): HubId {
  const hub = parseHubId(textIn(row, 'hub'))
  if (hub !== undefined) return hub
  throw new HubleafError('internal', 'the series table holds a hub that is none')
}

function latestOf(row: SqlRow): Latest {
  const type = parseTypeName(textIn(row, 'type'))
  if (type === undefined) {
    throw new HubleafError('internal', 'the series table holds a type that is none')
  }
  return {
    ...{ hub: hubIn(row), type, site: textIn(row, 'site') || null },
    ...{ device: textIn(row, 'device'), channel: textIn(row, 'channel') },
    at: numberIn(row, 'at'),
    value: parseJson(textIn(row, 'value')),
    number: row['number'] === null ? null : numberIn(row, 'number'),
    unit: textIn(row, 'unit') || null,
    flags: flagsOf(numberIn(row, 'flags')),
  }
}
