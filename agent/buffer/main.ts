// `hubleaf buffer`: looks into an agent's journal, running or stopped, or into a copied file, and gives
// up readings where somebody says so. Reading never changes anything and never holds up the agent.

import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { systemClock } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import { systemRandom } from '../../base/random.ts'
import { EXIT, runVerb } from '../../base/verb.ts'
import { version } from '../../base/version.ts'
import { BufferFile } from './buffer-file.ts'
import { parseCommand } from './command.ts'
import type { Command } from './command.ts'
import { actionHelp, verbHelp } from './help.ts'
import { list } from './list.ts'
import { streamOutput } from './output.ts'
import { findPlace } from './place.ts'
import { purge } from './purge-verb.ts'
import { status } from './status.ts'
import { verify } from './verify.ts'
import type { World } from './world.ts'

/** Runs the verb; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok
  const ended = await runVerb('buffer', async (signal) => {
    const world = processWorld(signal)
    code = await run(parseCommand(argv, systemClock.now()), world)
  })
  return ended === EXIT.ok ? code : ended
}

async function run(command: Command, world: World): Promise<number> {
  if (command.action === 'help') {
    await world.stdout.write(command.of === undefined ? verbHelp() : actionHelp(command.of))
    return EXIT.ok
  }
  const place = findPlace(command.target, world.env)
  if (command.action === 'purge') {
    const { config } = place
    if (config === undefined) throw new HubleafError('usage', 'purge takes --config')
    return purge({ ...place, config }, command, version, world)
  }
  using file = await BufferFile.open(place, world)
  switch (command.action) {
    case 'status':
      return await status(file, command.json, world)
    case 'verify':
      return await verify(file, command.json, world)
    case 'ls':
    case 'cat':
    case 'export':
      return await list(file, command, world)
  }
}

function processWorld(signal: AbortSignal): World {
  const { stdin, stdout, stderr, env } = process
  const terminal = { out: stdout.isTTY, err: stderr.isTTY }
  const ask = async (question: string): Promise<string> => askPerson(question, signal)
  return {
    ...{ stdout: streamOutput(stdout), stderr: (text) => void stderr.write(text), terminal },
    colour: terminal.out && (env['NO_COLOR'] ?? '') === '',
    ask: stdin.isTTY && terminal.err ? ask : undefined,
    ...{ env, signal, clock: systemClock, random: systemRandom },
  }
}

/** The answer; empty where the person ended the input or the process instead. */
async function askPerson(question: string, signal: AbortSignal): Promise<string> {
  const { stdin: input, stderr: output } = process
  // Not as a terminal: Ctrl-C must reach the process as a signal.
  const reader = createInterface({ input, output, terminal: false })
  try {
    const ended = once(reader, 'close', { signal }).then(() => '')
    return await Promise.race([reader.question(question, { signal }), ended])
  } catch (error) {
    if (!signal.aborted) throw error
    return ''
  } finally {
    reader.close()
  }
}
