// Free TCP ports on loopback, for servers that cannot be told to take any port.
// Another program may take one before it is used: whoever listens must still look for that.

import { createServer } from 'node:net'

/** `count` different ports that were free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(servers.map((server) => listenAnywhere(server)))
  await Promise.all(servers.map((server) => closed(server)))
  return ports
}

/** True if the port can be listened on now. */
export async function isFreePort(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await listenAnywhere(server, port)
    await closed(server)
    return true
  } catch {
    return false
  }
}

async function listenAnywhere(server: ReturnType<typeof createServer>, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen({ port, host: '127.0.0.1' }, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

async function closed(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
