// A commit on its way to the thread: a few long texts are copied far faster than thousands of short
// ones. Bodies are JSON and types are names, so neither holds what stands between them.

import type { CommitRequest } from './thread-protocol.ts'

/** A commit whose columns are texts. */
export interface PackedCommit {
  readonly kind: 'packed'
  readonly rows: number
  readonly types: string
  readonly bodies: string
  /** Null where no row has an event id. */
  readonly events: readonly (string | null)[] | null
  readonly rest: Omit<CommitRequest, 'types' | 'bodies' | 'events'>
}

/** The commit as it travels. */
export function pack(request: CommitRequest): PackedCommit {
  const { types, bodies, events, ...rest } = request
  return {
    kind: 'packed',
    rows: types.length,
    types: types.join(' '),
    bodies: bodies.join('\n'),
    events: events.some((event) => event !== null) ? events : null,
    rest,
  }
}

/** The commit as it was. */
export function unpack(packed: PackedCommit): CommitRequest {
  const { rows, types, bodies, events, rest } = packed
  return {
    ...rest,
    types: rows === 0 ? [] : types.split(' '),
    bodies: rows === 0 ? [] : bodies.split('\n'),
    events: events ?? Array.from({ length: rows }, () => null),
  }
}
