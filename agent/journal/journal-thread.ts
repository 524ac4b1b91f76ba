// The journal's thread: a slow card may hold it for 200 ms at each sync, and nothing else waits.
// It does what it is told, one request at a time, and answers each.

import { parentPort } from 'node:worker_threads'
import { HubleafError, messageOf } from '../../base/errors.ts'
import { JournalFile } from './journal-file.ts'
import { unpack } from './thread-pack.ts'
import type { PackedCommit } from './thread-pack.ts'
import type { ThreadAnswer, ThreadRequest } from './thread-protocol.ts'

if (parentPort !== null) serve(parentPort)

function serve(port: NonNullable<typeof parentPort>): void {
  const say = (answer: ThreadAnswer): void => port.postMessage(answer)
  let file: JournalFile | undefined
  port.on('message', (packed: ThreadRequest | PackedCommit) => {
    try {
      const message = packed.kind === 'packed' ? unpack(packed) : packed
      if (message.kind === 'open') {
        file = new JournalFile(message)
        say(file.opened)
      } else if (message.kind === 'close') {
        file?.close()
        say({ kind: 'closed' })
        port.close()
      } else if (file === undefined) {
        throw new HubleafError('journal_closed', 'no journal is open')
      } else if (message.kind === 'check') say({ kind: 'checked', problem: file.check() })
      else say(message.kind === 'commit' ? file.commit(message) : file.salvage(message))
    } catch (error) {
      say(failed(error))
    }
  })
}

function failed(error: unknown): ThreadAnswer {
  const known = error instanceof HubleafError
  const code = known ? error.code : 'journal_write_failed'
  const hint = known ? error.hint : undefined
  return { kind: 'failed', code, message: messageOf(error), hint }
}
