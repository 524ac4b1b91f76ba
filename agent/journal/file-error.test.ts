import t from 'tap'
import { isDamage, isDamageAtOpening, toJournalError } from './file-error.ts'

const sqlite = (errcode: number): Error => Object.assign(new Error('said by SQLite'), { errcode })

t.test(
  'P6.1 a value that is larger than any we write is damage, as a broken page is',
  async (t) => {
    for (const code of [11, 18, 19, 26, 11 | (1 << 8)]) {
      t.equal(isDamage(sqlite(code)), true)
      t.equal(toJournalError(sqlite(code)).code, 'journal_corrupt')
    }
    t.equal(toJournalError(sqlite(13)).code, 'journal_disk_full')
    t.equal(toJournalError(sqlite(10)).code, 'journal_write_failed')
    t.equal(isDamage(sqlite(13)), false)
    // A schema in which a column has another name: nothing but an opening can meet it.
    t.equal(isDamageAtOpening(sqlite(1)), true)
    t.equal(isDamage(sqlite(1)), false)
  },
)
