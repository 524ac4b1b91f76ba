// Structured logs: a named event and fields, one JSON line each on standard error, or a readable
// line when that is a terminal. Never payloads, never secrets. Trouble that repeats is logged once
// per change of state by whoever logs; this file only writes.

import { pino } from 'pino'

/** What a log line may carry. */
export type LogFields = { readonly [name: string]: unknown }

/** Log levels, quietest last. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** A log level. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A log; events are snake_case words such as `link_up`. */
export interface Logger {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** Options of a log. */
export interface LogOptions {
  /** The process role, on every line. */
  readonly name: string
  readonly level: LogLevel
}

// Loaded only for a terminal: a service would keep it in memory for nothing.
const pretty = process.stderr.isTTY ? (await import('pino-pretty')).default : undefined

/** Log text that could not be written is kept up to this size, then lost. */
const UNWRITTEN_MAX_BYTES = 1_000_000

/** A log on standard error. Writes are synchronous: the last line before a crash is the useful one. */
export function createLogger(options: LogOptions): Logger {
  const colorize = process.env['NO_COLOR'] === undefined
  const stream =
    pretty?.({ sync: true, destination: 2, ignore: 'pid', colorize, messageKey: 'event' }) ??
    pino.destination({ fd: 2, sync: true, maxLength: UNWRITTEN_MAX_BYTES })
  // A full disk or a reader that is gone costs log lines, never the process.
  stream.on('error', () => undefined)
  const log = pino(
    {
      level: options.level,
      base: { pid: process.pid, name: options.name },
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    stream,
  )
  return {
    debug: (event, fields = {}) => log.debug(fields, event),
    info: (event, fields = {}) => log.info(fields, event),
    warn: (event, fields = {}) => log.warn(fields, event),
    error: (event, fields = {}) => log.error(fields, event),
  }
}

/** A log that says nothing, for tests and one-shot verbs. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
