// Judges the times of what has arrived: the true time of each reading can be told from what the cloud
// has, by its own stamp or by monotonic time and a record about its boot.

import type { Run } from './run.ts'
import type { StoredRow } from './database.ts'
import type { Offered } from './truth.ts'

/** An answer of the cloud may take 10 s and is then wrong by half of that; a clock drifts a little. */
const TOLERANCE_MS = 8000

/** The time of one reading that the agent has stamped. */
export function judgeTime(run: Run, offered: Offered, { reading }: StoredRow): void {
  const { watch } = run
  const { boot, monoMs, receivedAt, timeQuality } = reading
  const isTrue = (time: number): boolean =>
    time >= offered.trueTime - TOLERANCE_MS && time <= offered.lastTime + TOLERANCE_MS
  const told = watch.database.clocks.filter((record) => record.boot === boot)
  if (told.some(({ wallAtBoot }) => isTrue(wallAtBoot + monoMs))) return
  const machine = run.sites.find(({ name }) => name === offered.site)?.machine
  const isCertain = timeQuality === 'synced' || timeQuality === 'corrected'
  if (isCertain && !isTrue(receivedAt) && machine?.lied.has(boot) !== true) {
    const off = receivedAt - offered.trueTime
    watch.broken('P7', `reading ${offered.n} is ${timeQuality} and ${off} ms off`)
  }
  // A boot whose card was left alone, and that ran until all was quiet with a time service, has told
  // its time: before any row went out, or in a record.
  const isKnown = machine?.boot === boot && machine.synced && run.harmedAt < machine.rebootedAt
  if (!isCertain && isKnown && !machine.lied.has(boot)) {
    watch.broken('P7', `the time of reading ${offered.n} cannot be told: ${timeQuality}`)
  }
}
