// The door of the simulated cloud: a server on a fixed port of loopback that can be shut and opened.
// While it is shut connections are refused, as a real outage has it, and those that were open are gone.

import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { HubleafError, systemCodeOf } from '../../base/errors.ts'

/** A door; disposal shuts it for good. */
export interface Door extends AsyncDisposable {
  readonly port: number
  /** Begins or ends to take connections. Throws `port_taken` when the port went to somebody else. */
  setOpen(open: boolean): Promise<void>
}

/** Opens a door on `port`, 0 for any. Throws `port_taken`. */
export async function openDoor(
  port: number,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Door> {
  let server: Server | undefined = await listen(port, handle)
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  let turn: Promise<void> = Promise.resolve()
  const set = async (open: boolean): Promise<void> => {
    if (open === (server !== undefined)) return
    if (server === undefined) server = await listen(taken, handle)
    else {
      await shut(server)
      server = undefined
    }
  }
  const setOpen = async (open: boolean): Promise<void> => {
    // One after the other, also after one that failed.
    turn = turn.then(
      () => set(open),
      () => set(open),
    )
    await turn
  }
  return { port: taken, setOpen, [Symbol.asyncDispose]: () => setOpen(false) }
}

async function listen(
  port: number,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  const server = createServer(handle)
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      if (systemCodeOf(cause) !== 'EADDRINUSE') {
        reject(cause)
        return
      }
      const message = `port ${port} on 127.0.0.1 is taken by another program`
      reject(new HubleafError('port_taken', message, { cause, hint: 'give another with --port' }))
    })
    server.listen({ port, host: '127.0.0.1' }, () => resolve(server))
  })
}

async function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
