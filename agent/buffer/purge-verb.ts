// `purge`: says what would go, asks, and gives it up: by the running agent, over its own loopback
// address, or, where none runs, by opening its journal for a moment under its lock.

import { readBootId } from '../../base/boot.ts'
import { HubleafError, messageOf } from '../../base/errors.ts'
import { textAt } from '../../base/json.ts'
import { silentLogger } from '../../base/log.ts'
import { EXIT } from '../../base/verb.ts'
import { readSecret } from '../../base/secret.ts'
import { isReservedType } from '../../wire/ids.ts'
import type { AgentConfig } from '../config.ts'
import { sizeOf } from '../journal/doors.ts'
import { openJournal } from '../journal/sqlite-journal.ts'
import { TOKEN_RULE } from '../source/http-guard.ts'
import { BufferFile } from './buffer-file.ts'
import type { PurgeCommand } from './command.ts'
import { isHeld } from './place.ts'
import type { Place } from './place.ts'
import { Progress } from './progress.ts'
import { PURGE_PATH, purgeAnswer } from './purge-route.ts'
import { purgeStep } from './purge.ts'
import type { PurgeStep } from './purge.ts'
import { grouped } from './text.ts'
import type { World } from './world.ts'

/** Runs the command; resolves to the exit code. Throws `usage`, `journal_*`. */
export async function purge(
  place: Place & { readonly config: AgentConfig },
  command: PurgeCommand,
  version: string,
  world: World,
): Promise<number> {
  const { expected, epoch } = await lookAhead(place, command, world)
  const aborted = (): boolean => world.signal.aborted
  if (aborted()) return EXIT.failed
  if (expected > 0 && !(await confirmed(expected, command, world))) {
    world.stderr('nothing was given up\n')
    return EXIT.failed
  }
  let purged = 0
  if (expected > 0) {
    const live = isHeld(`${place.folder}/journal.lock`)
    const steps = live
      ? stepsByAgent(place.config, epoch, command)
      : stepsByOurselves(place, version, command, world)
    using progress = new Progress(world, 'purging', 'readings')
    for await (const step of steps) {
      purged += step.purged
      progress.tell(purged, expected)
      if (aborted()) break
    }
  }
  const said = `${grouped(purged)} readings were given up; records tell the cloud which\n`
  const nothing = 'no reading was given up: none that waits is meant\n'
  const text = command.json ? `${JSON.stringify({ purged })}\n` : purged > 0 ? said : nothing
  await world.stdout.write(text)
  return aborted() ? EXIT.failed : EXIT.ok
}

/** How many readings are meant now, and the epoch that is open. */
async function lookAhead(
  place: Place,
  command: PurgeCommand,
  world: World,
): Promise<{ readonly expected: number; readonly epoch: string }> {
  using file = await BufferFile.open(place, world)
  using progress = new Progress(world, 'counting', 'rows')
  const { types, before } = command
  let [expected, scanned] = [0, 0]
  for await (const rows of file.rows(new Set(['waiting']))) {
    scanned += rows.length
    for (const { sql } of rows) {
      const type = String(sql['type'])
      if (isReservedType(type) || (types.length > 0 && !types.includes(type))) continue
      const row = file.check(sql)
      if ('corrupt' in row) continue
      if (before === undefined || row.reading.receivedAt < before) expected += 1
    }
    progress.tell(scanned, 0)
  }
  return { expected, epoch: file.facts.book?.current ?? '' }
}

async function confirmed(expected: number, command: PurgeCommand, world: World): Promise<boolean> {
  if (command.yes) return true
  if (world.ask === undefined) {
    const hint = `${grouped(expected)} readings would be given up; add --yes`
    throw new HubleafError('usage', 'purge asks before it gives up readings', { hint })
  }
  const answer = await world.ask(
    `Give up ${grouped(expected)} readings that the cloud does not have, for ever? [y/N] `,
  )
  return /^y(es)?$/i.test(answer.trim())
}

async function* stepsByOurselves(
  place: Place,
  version: string,
  command: PurgeCommand,
  world: World,
): AsyncGenerator<PurgeStep> {
  const { clock, random } = world
  // Nothing is accepted here and nothing expires; what the file may take is the agent's business.
  const quotaBytes = 100_000_000 + 4 * (sizeOf(place.file) + sizeOf(`${place.file}-wal`))
  await using journal = await openJournal({
    ...{ folder: place.folder, flushIntervalMs: 0, minSyncGapMs: 0, whenFull: 'block' },
    ...{ keepSettledMs: Number.MAX_SAFE_INTEGER, quotaBytes },
    ...{ keepFreeBytes: 0, ballastBytes: 0, boot: readBootId(random) },
    timeQuality: () => 'unsynced',
    ...{ agentVersion: version, clock, random, log: silentLogger },
  })
  let step: PurgeStep = { purged: 0, through: 0, done: false }
  while (!step.done) {
    step = await purgeStep(journal, command, step.through, clock)
    yield step
  }
}

async function* stepsByAgent(
  config: AgentConfig,
  epoch: string,
  command: PurgeCommand,
): AsyncGenerator<PurgeStep> {
  const { listen, token_file } = config.http
  const { host, port } = listen
  const token = token_file === undefined ? undefined : readSecret(token_file, TOKEN_RULE)
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}${PURGE_PATH}`
  let step: PurgeStep = { purged: 0, through: 0, done: false }
  while (!step.done) {
    const { types, before = null } = command
    step = await post(url, { epoch, types, before, after: step.through }, token)
    yield step
  }
}

async function post(url: string, body: unknown, token: string | undefined): Promise<PurgeStep> {
  let answer: Response
  let said: unknown
  try {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const headers = { 'content-type': 'application/json', ...authorization }
    answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    said = await answer.json()
  } catch (cause) {
    const hint = 'stop the agent and run this again, or see that http.listen is what it listens on'
    const message = `a process has the journal open, and ${url} does not answer: ${messageOf(cause)}`
    throw new HubleafError('journal_in_use', message, { hint, cause })
  }
  const step = purgeAnswer.safeParse(said)
  if (answer.ok && step.success) return step.data
  const reason = textAt(errorIn(said), 'message') ?? `HTTP ${answer.status}`
  const code = answer.status === 503 ? 'journal_write_failed' : 'journal_in_use'
  throw new HubleafError(code, `the agent at ${url} did not purge: ${reason}`)
}

function errorIn(said: unknown): unknown {
  return typeof said === 'object' && said !== null && 'error' in said ? said.error : undefined
}
