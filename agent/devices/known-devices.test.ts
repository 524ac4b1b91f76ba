import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { silentLogger } from '../../base/log.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { journalOptions } from '../../test/fixtures/journal-options.ts'
import { sensorTypeOf, temperature } from '../../test/fixtures/readings.ts'
import { parseRecord } from '../../wire/records.ts'
import type { Fullness, IdRange, Journal } from '../journal/journal.ts'
import { openJournal } from '../journal/sqlite-journal.ts'
import type { DeviceFacts } from './device.ts'
import { DEVICES_FILE, DEVICES_MAX, openDevices } from './known-devices.ts'
import type { Devices, DevicesOptions } from './known-devices.ts'
import { SHED_LOOK_MS } from './shed-watch.ts'

const switchType = sensorTypeOf('switch')
const KITCHEN: DeviceFacts = { source: 'test', device: 'id-1', name: 'Lamp', room: 'Kitchen' }

/** Opens journal and registry in a folder, does something, and closes both in the agent's order. */
async function run(
  folder: string,
  work: (devices: Devices, journal: Journal) => void | Promise<void>,
  more: Partial<DevicesOptions> = {},
): Promise<readonly Told[]> {
  await using journal = await openJournal(journalOptions(join(folder, 'journal')))
  const before = journal.status().head
  const options = { folder, journal, clock: systemClock, log: silentLogger, ...more }
  {
    await using devices = await openDevices(options)
    await work(devices, journal)
  }
  return toldIn(journal, before + 1)
}

interface Told {
  readonly device: string
  readonly channel: string
  readonly name: string | undefined
}

/** The `_device` records in the journal from an id on. */
function toldIn(journal: Journal, first: number): readonly Told[] {
  return journal.read({ first, last: journal.status().head }, 1_000_000).flatMap((row) => {
    if ('corrupt' in row || row.type !== '_device') return []
    const { device, channel, value } = row.reading
    const record = parseRecord('_device', value)
    if (record.device !== device || record.source !== channel) throw new RangeError('two devices')
    return [{ device, channel, name: record.name }]
  })
}

function fileIn(folder: string): { readonly [key: string]: unknown } {
  const parsed = parseJson(readFileSync(join(folder, DEVICES_FILE), 'utf8'))
  return isJsonObject(parsed) ? parsed : {}
}

const settled = async (devices: Devices): Promise<number> =>
  eventually(
    () => devices.status().waiting,
    (waiting) => waiting === 0,
    10_000,
    5,
  )

t.test('P3.10 a start looks at the newest rows alone, however many wait', async (t) => {
  const folder = temporaryFolder(t)
  await run(folder, async (devices, journal) => {
    devices.know([KITCHEN])
    t.equal(await settled(devices), 0)
    for (let commit = 0; commit < 20; commit += 1) {
      await journal.append(
        Array.from({ length: 100 }, (_, value) => temperature(value)),
        'waited',
      )
    }
  })
  await using journal = await openJournal(journalOptions(join(folder, 'journal')))
  let looked = 0
  const read = journal.read.bind(journal)
  const watched = Object.assign(journal, {
    read(range: IdRange, limit: number) {
      looked += range.last - range.first + 1
      return read(range, limit)
    },
    find: async () => Promise.reject(new RangeError('it searches all that waits')),
  })
  const options = { folder, journal: watched, clock: systemClock, log: silentLogger }
  {
    await using devices = await openDevices(options)
    devices.know([KITCHEN])
    t.equal(await settled(devices), 0)
  }
  t.ok(looked > 0 && looked <= 256, `${looked} rows were looked at`)
  t.strictSame(toldIn(journal, 2001), [], 'and knows that nothing has to be told again')
})

t.test('P3.10 only what changed travels, under the id and never the name', async (t) => {
  const folder = temporaryFolder(t)
  const told = await run(folder, async (devices) => {
    devices.know([KITCHEN, { ...KITCHEN, source: 'other', name: 'Same id' }])
    t.equal(await settled(devices), 0)
    devices.know([KITCHEN])
    devices.know([{ ...KITCHEN, name: 'Ceiling lamp' }])
    t.equal(await settled(devices), 0)
    devices.know([{ ...KITCHEN, name: 'Ceiling lamp' }])
    t.equal(devices.status().waiting, 0, 'the same again costs nothing')
    t.match(devices.status(), { known: 2, refused: 0, silent: 0 })
  })
  t.strictSame(told, [
    { device: 'id-1', channel: 'test', name: 'Lamp' },
    { device: 'id-1', channel: 'other', name: 'Same id' },
    { device: 'id-1', channel: 'test', name: 'Ceiling lamp' },
  ])
  t.match(fileIn(folder), { devices: [{ name: 'Ceiling lamp', room: 'Kitchen' }, {}] })
})

t.test('P3.10 a new epoch tells nothing again while the journal goes on', async (t) => {
  const folder = temporaryFolder(t)
  t.equal((await run(folder, (devices) => devices.know([KITCHEN]))).length, 1)
  t.strictSame(await run(folder, () => undefined), [])
  t.strictSame(await run(folder, (devices) => devices.know([KITCHEN])), [])
  const renamed = { ...KITCHEN, name: 'Renamed' }
  t.match(await run(folder, (devices) => devices.know([renamed])), [{ name: 'Renamed' }])
})

t.test('P3.10 a journal that does not go on is told everything again', async (t) => {
  const folder = temporaryFolder(t)
  const other = { ...KITCHEN, device: 'id-2' }
  await run(folder, (devices) => devices.know([KITCHEN, other]))
  rmSync(join(folder, 'journal'), { recursive: true })
  const again = await run(folder, () => undefined)
  t.strictSame(
    again.map(({ device }) => device),
    ['id-1', 'id-2'],
  )
  t.strictSame(await run(folder, () => undefined), [], 'and only once')
  // An epoch that the registry knows nothing of: the card was somewhere else in between.
  await (await openJournal(journalOptions(join(folder, 'journal'))))[Symbol.asyncDispose]()
  t.equal((await run(folder, () => undefined)).length, 2)
})

t.test('a registry that is lost or damaged is filled by the sources again', async (t) => {
  const folder = temporaryFolder(t)
  await run(folder, (devices) => devices.know([KITCHEN]))
  rmSync(join(folder, DEVICES_FILE))
  t.strictSame(await run(folder, () => undefined), [])
  t.equal((await run(folder, (devices) => devices.know([KITCHEN]))).length, 1)
})

/** A journal whose first appends fail. */
function failing(journal: Journal, times: number): DevicesOptions['journal'] {
  let left = times
  return {
    epoch: journal.epoch,
    find: journal.find.bind(journal),
    status: () => journal.status(),
    read: journal.read.bind(journal),
    async append(readings, urgency) {
      left -= 1
      if (left >= 0) throw new HubleafError('journal_busy', 'the test says no')
      return journal.append(readings, urgency)
    },
  }
}

async function openJournalFor(t: Test, folder: string): Promise<Journal> {
  const journal = await openJournal(journalOptions(join(folder, 'journal')))
  t.teardown(() => journal[Symbol.asyncDispose]())
  return journal
}

t.test('what the journal does not take is told later, with what was said meanwhile', async (t) => {
  const folder = temporaryFolder(t)
  const journal = await openJournalFor(t, folder)
  const slept: number[] = []
  const turn = Promise.withResolvers<undefined>()
  const clock = {
    ...systemClock,
    async sleep(ms: number, signal?: AbortSignal) {
      if (ms === SHED_LOOK_MS) return systemClock.sleep(ms, signal)
      slept.push(ms)
      await turn.promise
    },
  }
  const log = silentLogger
  const devices = await openDevices({ folder, journal: failing(journal, 1), clock, log })
  devices.know([KITCHEN])
  await eventually(
    () => slept.length,
    (count) => count === 1,
    5000,
    1,
  )
  devices.know([{ ...KITCHEN, name: 'Newer' }])
  t.equal(devices.status().waiting, 1)
  turn.resolve(undefined)
  await settled(devices)
  await devices[Symbol.asyncDispose]()
  t.match(toldIn(journal, 1), [{ name: 'Newer' }])
  t.equal(toldIn(journal, 1).length, 1)
})

t.test(
  'P3.10 after the journal has shed rows, all are told again once there is room',
  async (t) => {
    const folder = temporaryFolder(t)
    const journal = await openJournalFor(t, folder)
    const held: { dropped: Record<string, number>; fullness: Fullness } = {
      ...{ dropped: {}, fullness: 'room' },
    }
    const looks: (() => void)[] = []
    const clock = {
      ...systemClock,
      async sleep(ms: number, signal?: AbortSignal) {
        t.equal(ms, SHED_LOOK_MS)
        const look = Promise.withResolvers<undefined>()
        signal?.addEventListener('abort', () => look.resolve(undefined))
        looks.push(() => look.resolve(undefined))
        await look.promise
      },
    }
    const shedding = { ...failing(journal, 0), status: () => ({ ...journal.status(), ...held }) }
    const devices = await openDevices({ folder, journal: shedding, clock, log: silentLogger })
    devices.know([KITCHEN])
    await settled(devices)
    /** The next look, and the sleep after it. */
    const look = async (): Promise<number> => {
      const before = looks.length
      looks.at(-1)?.()
      await eventually(
        () => looks.length,
        (count) => count > before,
        5000,
        1,
      )
      await settled(devices)
      return toldIn(journal, 1).length
    }
    t.equal(await look(), 1, 'nothing was shed')
    held.dropped = { buffer_full: 100 }
    held.fullness = 'shedding'
    t.equal(await look(), 1, 'there is no room yet')
    held.fullness = 'room'
    t.equal(await look(), 2)
    t.equal(await look(), 2, 'and only once')
    await devices[Symbol.asyncDispose]()
  },
)

t.test('at the end it is tried once more, and the end waits for no journal', async (t) => {
  const folder = temporaryFolder(t)
  const journal = await openJournalFor(t, folder)
  const options = { folder, clock: systemClock, log: silentLogger }
  const devices = await openDevices({ ...options, journal: failing(journal, 1000) })
  devices.know([KITCHEN])
  await devices[Symbol.asyncDispose]()
  await devices[Symbol.asyncDispose]()
  t.equal(devices.status().waiting, 1)
  t.strictSame(toldIn(journal, 1), [])
})

t.test('devices are bounded; one that is gone makes room', async (t) => {
  const folder = temporaryFolder(t)
  const many = Array.from({ length: DEVICES_MAX }, (_, index) => ({
    ...KITCHEN,
    device: `d${index}`,
  }))
  const late = { ...KITCHEN, device: 'late' }
  const told = await run(folder, async (devices) => {
    devices.know([...many, late])
    t.match(devices.status(), { known: DEVICES_MAX, refused: 1 })
    await settled(devices)
    devices.know([{ source: 'test', device: 'd7', removed: true }])
    await settled(devices)
    devices.know([late])
    t.match(devices.status(), { known: DEVICES_MAX, refused: 1 })
  })
  t.equal(told.length, DEVICES_MAX + 2)
  const ends = told.slice(-2)
  t.match(ends, [{ device: 'd7', name: 'Lamp' }, { device: 'late' }], 'a name outlives its device')
})

t.test('whatever vendors call things fits a record', async (t) => {
  const channels = Array.from({ length: 400 }, (_, index) => ({
    type: switchType,
    channel: `${index}-${'ö'.repeat(100)}`,
  }))
  const hostile: readonly DeviceFacts[] = [
    { ...KITCHEN, name: `a\u0000b\n${'x'.repeat(1000)}`, room: ' \t ' },
    { ...KITCHEN, device: 'id-2', name: `${'x'.repeat(199)}😀`, model: '\ud800', channels },
    { ...KITCHEN, device: 'id-3', expectedIntervalMs: Number.NaN },
    { ...KITCHEN, device: 'id-4\u0000' },
    { ...KITCHEN, device: '' },
  ]
  const folder = temporaryFolder(t)
  const told = await run(folder, async (devices) => {
    devices.know(hostile)
    t.equal(await settled(devices), 0)
    devices.know(hostile)
    t.equal(devices.status().waiting, 0, 'the same order of channels each time')
  })
  t.strictSame(
    told.map(({ device }) => device),
    ['id-1', 'id-2', 'id-3'],
  )
  t.equal(told[0]?.name, `a b ${'x'.repeat(196)}`)
  t.ok(told[1]?.name?.isWellFormed())
})

t.test('two switches of one device are two channels', async (t) => {
  const channels = [
    { type: switchType, channel: 'relay2' },
    { type: switchType, channel: 'main' },
    { type: switchType, channel: 'main' },
  ]
  const folder = temporaryFolder(t)
  await run(folder, (devices) => devices.know([{ ...KITCHEN, channels }]))
  t.match(fileIn(folder), {
    devices: [
      {
        channels: [
          { type: 'switch', channel: 'main' },
          { type: 'switch', channel: 'relay2' },
        ],
      },
    ],
  })
})

t.test('a device that should have been heard of is silent', async (t) => {
  const folder = temporaryFolder(t)
  const time = { ms: 0 }
  const clock = { ...systemClock, monotonic: () => time.ms }
  const heard = temperature(1, { source: 'test', device: 'id-1' })
  await run(
    folder,
    (devices) => {
      devices.know([
        { ...KITCHEN, expectedIntervalMs: 1000 },
        { ...KITCHEN, device: 'id-2' },
      ])
      time.ms = 3000
      t.match(devices.status(), { silent: 0 })
      time.ms = 3001
      t.match(devices.status(), {
        silent: 1,
        longestSilent: [{ source: 'test', device: 'id-1', name: 'Lamp', silentMs: 3001 }],
      })
      devices.seen([{ ...heard, source: 'other' }])
      t.match(devices.status(), { silent: 1 }, 'another source’s device of the same id')
      devices.seen([heard])
      t.match(devices.status(), { silent: 0 })
    },
    { clock },
  )
})
