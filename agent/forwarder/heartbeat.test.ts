import t from 'tap'
import { decodePack } from '../../wire/codec.ts'
import { reservedType } from '../../wire/ids.ts'
import { parseRecord } from '../../wire/records.ts'
import { journalOptions } from '../../test/fixtures/journal-options.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { hubOf, sensorTypeOf, temperature } from '../../test/fixtures/readings.ts'
import { openJournal } from '../journal/sqlite-journal.ts'
import { makeHeartbeat } from './heartbeat.ts'
import { TypeMarks } from './type-marks.ts'

t.test(
  'P3.8 a heartbeat says, per type, what is synced and what is not yet acknowledged',
  async (t) => {
    await using journal = await openJournal(journalOptions(temporaryFolder(t)))
    await journal.append([temperature(1), temperature(2), temperature(3)], 'waited')
    const marks = new TypeMarks(journal)
    marks.acknowledged(journal.epoch, sensorTypeOf('temperature'), 1, 2)
    const times = { receivedAt: 5, monoMs: 6, boot: 'b1', timeQuality: 'synced' } as const
    const { subject, bytes } = makeHeartbeat({
      ...{ hub: hubOf('h1'), journal, marks, seq: 4, agent: '0.1.0', upMs: 7, times },
    })
    t.equal(subject, 'readings.h1.live._heartbeat')
    const pack = decodePack(bytes, reservedType('_heartbeat'))
    t.match(pack, { epoch: journal.epoch, readings: [{ seq: 4, receivedAt: 5, monoMs: 6 }] })
    t.strictSame(parseRecord('_heartbeat', pack.readings[0]?.value), {
      marks: { [journal.epoch]: { _epoch: [1, 1], temperature: [3, 3] } },
      ...{ agent: '0.1.0', upMs: 7 },
    })
  },
)
