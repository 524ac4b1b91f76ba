// Waits on loopback for the one request with which the browser comes back from a login. Other paths
// are answered with 404 and change nothing.

import { createServer } from 'node:http'
import { HubleafError, systemCodeOf } from '../../../../base/errors.ts'

const PAGE =
  '<!doctype html><title>Hubleaf</title><p>You can close this page and look at the terminal.'

/** The query of the redirect. Throws `port_taken`, and `smartthings_login_failed` when told to stop. */
export async function awaitRedirect(port: number, signal: AbortSignal): Promise<URLSearchParams> {
  const server = createServer()
  const came = new Promise<URLSearchParams>((resolve, reject) => {
    server.on('error', (cause) => reject(portError(port, cause)))
    const stop = (): void =>
      reject(new HubleafError('smartthings_login_failed', 'the login was ended'))
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost')
      const isIt = request.method === 'GET' && url.pathname === '/callback'
      response.writeHead(isIt ? 200 : 404, { 'content-type': 'text/html', connection: 'close' })
      response.end(isIt ? PAGE : '', () => {
        if (isIt) resolve(url.searchParams)
      })
    })
  })
  server.listen(port, 'localhost')
  try {
    return await came
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

function portError(port: number, cause: Error): Error {
  if (systemCodeOf(cause) !== 'EADDRINUSE') return cause
  const message = `port ${port} on localhost is taken by another program`
  const hint = 'give another one with --redirect-port; the app must know its address'
  return new HubleafError('port_taken', message, { cause, hint })
}
