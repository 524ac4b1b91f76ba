import t from 'tap'
import { turn } from '../../../test/fixtures/turn.ts'
import { AckGate, pubackFrame } from './ack-gate.ts'
import { Deliveries, Delivery } from './deliveries.ts'
