// A thread that owns one connection to the database: a disk that takes a second to sync holds this
// thread and nothing else. After an input or output error the connection is opened anew.

import type { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { HubleafError } from '../../base/errors.ts'
import { openReading, openWriting } from './sqlite-connection.ts'
import { spoilsConnection, storageError } from './sqlite-error.ts'
import { SqliteReader } from './sqlite-reader.ts'
import { SqliteWriter } from './sqlite-writer.ts'
import { parseStart } from './thread-protocol.ts'
import type { ThreadAnswer, ThreadFailure, ThreadQuestion } from './thread-protocol.ts'

/** An open connection and what it can be asked. */
interface Desk {
  readonly database: DatabaseSync
  answer(question: ThreadQuestion): ThreadAnswer
}

const start = parseStart(workerData)
if (parentPort !== null) serve(parentPort)

function serve(port: NonNullable<typeof parentPort>): void {
  let desk: Desk | undefined
  const close = (): void => {
    desk?.database.close()
    desk = undefined
  }
  const answer = (question: ThreadQuestion): ThreadAnswer => {
    try {
      desk ??= openDesk()
      return desk.answer(question)
    } catch (error) {
      if (spoilsConnection(error)) close()
      return failure(error)
    }
  }
  try {
    desk = openDesk()
  } catch (error) {
    port.postMessage(failure(error))
    return
  }
  port.postMessage({ kind: 'ready' } satisfies ThreadAnswer)
  port.on('message', (question: ThreadQuestion) => {
    if (question.kind !== 'close') {
      port.postMessage(answer(question))
      return
    }
    close()
    port.postMessage({ kind: 'close' } satisfies ThreadAnswer)
    port.close()
  })
}

function openDesk(): Desk {
  const { role, file, maxBytes } = start
  if (role === 'reader') {
    const database = openReading(file)
    return deskOf(database, () => readerAnswers(new SqliteReader(database)))
  }
  const database = openWriting(file, maxBytes)
  return deskOf(database, () => writerAnswers(new SqliteWriter(database)))
}

function deskOf(database: DatabaseSync, prepare: () => Desk['answer']): Desk {
  try {
    return { database, answer: prepare() }
  } catch (error) {
    database.close()
    throw error
  }
}

function writerAnswers(writer: SqliteWriter): Desk['answer'] {
  return (question) =>
    question.kind === 'commit'
      ? { kind: 'commit', outcomes: writer.commit(question.tables) }
      : misdirected(question)
}

function readerAnswers(reader: SqliteReader): Desk['answer'] {
  return (question) => {
    switch (question.kind) {
      case 'latest':
        return { kind: 'latest', latest: reader.latest() }
      case 'devices':
        return { kind: 'devices', devices: reader.devices() }
      case 'range':
        return { kind: 'range', points: reader.range(question.range) }
      case 'count':
        return { kind: 'count', rows: reader.count() }
      case 'commit':
      case 'close':
        return misdirected(question)
    }
  }
}

function misdirected({ kind }: ThreadQuestion): never {
  throw new HubleafError('internal', `a thread of storage was asked for "${kind}"`)
}

function failure(error: unknown): ThreadFailure {
  const { code, message, hint } = storageError(error)
  return { kind: 'failed', code, message, hint }
}
