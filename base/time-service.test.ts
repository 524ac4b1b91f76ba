import t from 'tap'
import { isTracking, machineTime } from './time-service.ts'

const CSV =
  'C0A80101,ntp.example,3,1700000000.1,0.00001,0.00002,0.0001,-1.2,0.0,0.02,0.01,0.001,64.2,'

t.test('chrony’s leap status tells whether the clock is set', async (t) => {
  t.equal(isTracking(`${CSV}Normal\n`), true)
  t.equal(isTracking(`${CSV}Not synchronised\n`), false)
  t.equal(isTracking('506 Cannot talk to daemon\n'), false)
})

t.test('timesyncd’s marker is enough; without it chrony is asked, and not too often', async (t) => {
  let now = 0
  let asked = 0
  let marker = false
  let answer: string | undefined
  const time = machineTime(
    { monotonic: () => now },
    {
      hasMarker: () => marker,
      async tracking() {
        asked += 1
        if (answer === undefined) throw new Error('no such program')
        return answer
      },
    },
  )
  await time.look()
  await time.look()
  t.equal(time.isSynced(), false)
  t.equal(asked, 1)
  now = 400_000
  answer = `${CSV}Normal`
  await time.look()
  t.equal(time.isSynced(), true)
  answer = undefined
  marker = true
  await time.look()
  t.equal(time.isSynced(), true)
  t.equal(asked, 2)
})
