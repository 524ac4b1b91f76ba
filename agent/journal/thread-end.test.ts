// A journal whose thread has died can accept nothing: it says so at once, so that the agent ends and is
// started again, instead of refusing for ever.

import type { Worker } from 'node:worker_threads'
import t from 'tap'
import { eventually } from '../../test/fixtures/eventually.ts'
import { journalOptions } from '../../test/fixtures/journal-options.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { temperature } from '../../test/fixtures/readings.ts'
import { openJournal } from './sqlite-journal.ts'

t.test(
  'the death of the journal’s thread is told, and what was acknowledged is kept',
  async (t) => {
    const threads: Worker[] = []
    process.once('worker', (thread) => threads.push(thread))
    const folder = temporaryFolder(t)
    const options = journalOptions(folder)
    const journal = await openJournal(options)
    t.teardown(() => journal[Symbol.asyncDispose]())
    await journal.append([temperature(1)], 'waited')
    t.notOk(journal.ended.aborted)
    t.equal(threads.length, 1)
    await threads[0]?.terminate()
    await eventually(
      () => journal.ended.aborted,
      (ended) => ended,
      5000,
    )
    t.match(journal.ended.reason, { code: 'journal_closed' })
    await t.rejects(journal.append([temperature(2)], 'waited'), { code: 'journal_closed' })
    await journal[Symbol.asyncDispose]()
    await using next = await openJournal(options)
    const values = next.read({ first: 1, last: 10 }, 10).flatMap((row) => {
      return 'corrupt' in row || row.type !== 'temperature' ? [] : [row.reading.value]
    })
    t.strictSame(values, [1])
  },
)
