// A thread that runs one simulation after another. A failure of the simulation itself is told apart
// from a broken promise.

import { parentPort } from 'node:worker_threads'
import { plantNamed } from './plants.ts'
import type { Task } from './pool.ts'
import { runSeed } from './seed.ts'

if (parentPort !== null) serve(parentPort)

function serve(port: NonNullable<typeof parentPort>): void {
  port.on('message', ({ seed, plant, root }: Task) => {
    runSeed({ seed, root, plant: plantNamed(plant) }).then(
      (outcome) => port.postMessage({ outcome }),
      (error: unknown) => {
        const bug = error instanceof Error ? (error.stack ?? error.message) : String(error)
        port.postMessage({ seed, bug })
      },
    )
  })
}
