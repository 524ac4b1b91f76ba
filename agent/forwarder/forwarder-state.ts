// Whether the forwarder may send: a total table of states and events, without timers or sockets.
//
//   held      the times of what waits are not decided; nothing may be sent yet
//   probing   one pack is on its way or may go; its fate decides
//   flowing   the window is open
//   waiting   trouble; nothing is sent until the delay is over
//   stopped   for good

/** A state of the forwarder. */
export type ForwarderState = 'held' | 'probing' | 'flowing' | 'waiting' | 'stopped'

/** Something that happened to it. */
export type ForwarderEvent = 'opened' | 'acknowledged' | 'refused' | 'delay_over' | 'stop'

/** All states and events, for the test that walks the table. */
export const FORWARDER_STATES: readonly ForwarderState[] = [
  'held',
  'probing',
  'flowing',
  'waiting',
  'stopped',
]
export const FORWARDER_EVENTS: readonly ForwarderEvent[] = [
  'opened',
  'acknowledged',
  'refused',
  'delay_over',
  'stop',
]

const TABLE: Record<ForwarderState, Record<ForwarderEvent, ForwarderState>> = {
  held: {
    opened: 'probing',
    acknowledged: 'held',
    refused: 'held',
    delay_over: 'held',
    stop: 'stopped',
  },
  probing: {
    opened: 'probing',
    acknowledged: 'flowing',
    refused: 'waiting',
    delay_over: 'probing',
    stop: 'stopped',
  },
  flowing: {
    opened: 'flowing',
    acknowledged: 'flowing',
    refused: 'waiting',
    delay_over: 'flowing',
    stop: 'stopped',
  },
  // A late acknowledgement of a pack that was still under way shows that the way is open.
  waiting: {
    opened: 'waiting',
    acknowledged: 'flowing',
    refused: 'waiting',
    delay_over: 'probing',
    stop: 'stopped',
  },
  stopped: {
    opened: 'stopped',
    acknowledged: 'stopped',
    refused: 'stopped',
    delay_over: 'stopped',
    stop: 'stopped',
  },
}

/** The next state. */
export function nextState(state: ForwarderState, event: ForwarderEvent): ForwarderState {
  return TABLE[state][event]
}
