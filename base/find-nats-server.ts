// Finds a nats-server that is already on this machine: no network, no build.

/** Path of a usable nats-server, or undefined. */
export async function findNatsServer(env: {
  readonly [name: string]: string | undefined
}): Promise<string | undefined> {
  return env['HUBLEAF_NATS_SERVER']
}
