// How each process of Hubleaf starts and ends: signals (or the death of the parent that started it)
// become one AbortSignal, errors become a sentence with advice and an exit code. A stack trace is
// printed for bugs only.

import { parseArgs } from 'node:util'
import { HubleafError, isHubleafError, messageOf } from './errors.ts'

/** Exit codes of every verb. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const

/** What tells a process to end. */
const ENDINGS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'disconnect'] as const

/**
 * Runs the body of a verb. The signal aborts on SIGTERM, SIGINT, SIGHUP (the terminal was closed)
 * or when the parent's IPC channel closes: a parent that was killed must not leave children behind. Resolves to the exit code.
 */
export async function runVerb(
  name: string,
  body: (signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  for (const event of ENDINGS) process.on(event, stop)
  // A terminal or a reader that is gone must not end the process in the middle of its work.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  try {
    await body(controller.signal)
    return EXIT.ok
  } catch (error) {
    // Told to stop while it was still waiting for NATS: that is no failure.
    if (controller.signal.aborted && isHubleafError(error, 'nats_unreachable')) return EXIT.ok
    return reportError(name, error)
  } finally {
    for (const event of ENDINGS) process.off(event, stop)
    if (process.connected) process.disconnect()
  }
}

/** Prints an error for a person and gives the exit code that it means. */
export function reportError(name: string, error: unknown): number {
  if (!(error instanceof HubleafError) || error.kind === 'bug') {
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(`hubleaf ${name}: this is a bug in Hubleaf\n${trace}\n`)
    return EXIT.failed
  }
  process.stderr.write(`hubleaf ${name}: ${error.code}: ${error.message}\n`)
  if (error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`)
  if (error.cause !== undefined && process.env['HUBLEAF_DEBUG'] !== undefined) {
    process.stderr.write(`  caused by: ${messageOf(error.cause)}\n`)
  }
  return error.code === 'usage' ? EXIT.usage : EXIT.failed
}

/** The file that `--config` names, for a verb that has no other flag. Throws `usage`. */
export function configFlag(verb: string, argv: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...argv], options: { config: { type: 'string' } } }).values.config
  } catch (cause) {
    const hint = `hubleaf ${verb} --config ${verb}.yaml`
    throw new HubleafError('usage', messageOf(cause), { hint, cause })
  }
}

/** Resolves when the signal aborts; at once if it has. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
