// Judges a run that has come to rest: every promise against the oracle's record. What is missing must
// have been destroyed by the world, or given up by a policy that says so in a record.

import { damagedFiles } from '../../agent/journal/damage.ts'
import { judgeTime } from './judge-time.ts'
import type { Run } from './run.ts'
import { numberOf } from './truth.ts'
import type { Offered, Place } from './truth.ts'
import type { StoredRow } from './database.ts'
import { IntervalSet } from '../../base/interval-set.ts'

/** Finds the first promises that do not hold. */
export function judge(run: Run): void {
  const rows = rowsByNumber(run)
  for (const offered of run.truth.offered.values()) judgeReading(run, offered, rows)
  judgeSalvage(run)
  judgeSequences(run)
  judgeDrops(run)
  judgeMarks(run)
}

function rowsByNumber(run: Run): ReadonlyMap<number, readonly StoredRow[]> {
  const found = new Map<number, StoredRow[]>()
  for (const sequence of run.watch.database.sequences.values()) {
    if (sequence.type.startsWith('_')) continue
    for (const row of sequence.rows.values()) {
      const n = numberOf(row.reading.value) ?? -1
      const known = found.get(n)
      if (known === undefined) found.set(n, [row])
      else known.push(row)
    }
  }
  return found
}

function judgeReading(
  run: Run,
  offered: Offered,
  found: ReadonlyMap<number, readonly StoredRow[]>,
): void {
  const { watch } = run
  const { n, type, device, event } = offered
  const rows = found.get(n) ?? []
  const [row] = rows
  // An image from before a power cut can hold what its agent never answered for, and what was lost with
  // the cut and accepted again under another number: nobody can know that, see docs/SPEC.md.
  const mayRepeat = watch.hasTwins && offered.unclear
  if (rows.length > 1 && !mayRepeat) {
    const keys = rows.map((one) => `${one.epoch} ${one.type} ${one.reading.seq}`)
    watch.broken(
      'P2',
      `reading ${n} (${event ?? 'no event id'}) is there twice: ${keys.join(', ')}`,
    )
  }
  if (row === undefined) {
    if (offered.acceptedAt !== undefined) judgeMissing(run, offered)
    return
  }
  if (row.type !== type || row.reading.device !== device) {
    watch.broken('P2', `reading ${n} of ${type} ${device} is stored as ${JSON.stringify(row)}`)
  }
  judgeTime(run, offered, row)
  if (offered.refused && offered.acceptedAt === undefined && !offered.unclear) {
    watch.broken('P5', `reading ${n} was refused and is stored`)
  }
}

/** Everything has had its time: no damaged file waits for somebody to bring its rows back. */
function judgeSalvage({ sites, watch }: Run): void {
  for (const { name, process } of sites) {
    const left = process === undefined ? [] : damagedFiles(process.folder)
    if (left.length > 0) watch.broken('P6', `${name} has not salvaged ${left.length} files`)
  }
}

/** An accepted reading is not in the database. */
function judgeMissing(run: Run, offered: Offered): void {
  const { watch, truth, poison } = run
  const { n } = offered
  const place = truth.placeOf(n)
  const where = place === undefined ? 'nowhere' : `${place.epoch} ${place.type} ${place.seq}`
  const drop = place === undefined ? undefined : dropOver(run, place)
  if (offered.excuse !== undefined) return
  if (drop === undefined) {
    watch.broken('P1', `reading ${n}, accepted as ${where}, is missing`)
    return
  }
  const { reason } = drop
  const isPoison = poison.has(n) && (reason === 'rejected' || reason === 'too_large')
  const isShed = reason === 'buffer_full' && watch.givenUp.has(n)
  // What the cloud had, a hub need not find in a damaged file again.
  const isLate = reason === 'corrupt' && offered.lostByCloud
  if (isPoison || isShed || isLate) return
  const promise = reason === 'corrupt' ? 'P6' : 'P3'
  watch.broken(promise, `reading ${n}, ${where}, was given up as ${reason} without need`)
}

function dropOver(run: Run, place: Place) {
  return run.watch.database.drops.find(
    ({ epoch, type, first, last }) =>
      epoch === place.epoch && type === place.type && first <= place.seq && place.seq <= last,
  )
}

/** Below what was ever claimed, each place is stored, dropped, or destroyed by the world. */
function judgeSequences(run: Run): void {
  const { watch, truth } = run
  for (const { epoch, type, stored, dropped, claimed } of watch.database.sequences.values()) {
    const missing = new IntervalSet(claimed > 0 ? [{ first: 1, last: claimed }] : [])
    for (const range of stored.ranges) missing.remove(range)
    for (const range of dropped.ranges) missing.remove(range)
    for (const { first, last } of missing.ranges) {
      for (let seq = first; seq <= last; seq += 1) {
        if (truth.isExcused({ epoch, type, seq })) continue
        watch.broken('P3', `${epoch} ${type} ${seq} is missing without a word, of ${claimed}`)
        return
      }
    }
  }
}

/** A drop record says what is so. */
function judgeDrops(run: Run): void {
  const { watch } = run
  for (const { epoch, type, first, last, count, reason } of watch.database.drops) {
    const range = last - first + 1
    if (reason === 'buffer_full' && count !== range) {
      watch.broken('P3', `a drop of ${count} ${type} names ${range} places of ${epoch}`)
    }
    const { stored } = watch.database.of(epoch, type)
    const there = new IntervalSet([{ first, last }])
    for (const one of stored.ranges) there.remove(one)
    if (there.size > count) {
      watch.broken('P3', `${there.size} ${type} of ${epoch} are missing, the drop says ${count}`)
    }
  }
}

/** What was claimed to be in the cloud and was not yet, must never have had to come. */
function judgeMarks(run: Run): void {
  const { watch, truth } = run
  for (const [key, early] of watch.early) {
    const [epoch = '', type = ''] = key.split(' ')
    const { dropped } = watch.database.of(epoch, type)
    for (const range of dropped.ranges) early.remove(range)
    for (const { first, last } of early.ranges) {
      for (let seq = first; seq <= last; seq += 1) {
        if (truth.isExcused({ epoch, type, seq })) continue
        watch.broken('P3', `${type} ${seq} of ${epoch} was claimed to be settled and was not`)
        return
      }
    }
  }
}
