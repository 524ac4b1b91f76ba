// Every error that Hubleaf throws on purpose: one class, a closed list of codes, and advice.
// Nothing is decided by message text; programs look at `code` and `kind`, people read message and hint.
// docs/ERRORS.md explains each code; a test compares that page with ERROR_CODES both ways.

/** Who has to act: the programmer, the operator, whoever sent the input, or nobody (it passes). */
export type ErrorKind = 'bug' | 'operator' | 'input' | 'passing'

/** Each code and the kind of trouble it names. */
export const ERROR_CODES = {
  // configuration and command line
  config_unreadable: 'operator',
  config_invalid: 'operator',
  secret_unusable: 'operator',
  usage: 'operator',
  // readings at the edge
  not_json: 'input',
  not_an_object: 'input',
  field_missing: 'input',
  field_unknown: 'input',
  field_invalid: 'input',
  value_too_large: 'input',
  body_too_large: 'input',
  too_many_readings: 'input',
  empty_batch: 'input',
  unsupported_media_type: 'input',
  unauthorized: 'input',
  too_many_requests: 'input',
  time_invalid: 'input',
  type_invalid: 'input',
  // the SmartThings webhook
  signature_missing: 'input',
  signature_malformed: 'input',
  signature_incomplete: 'input',
  signature_algorithm: 'input',
  signature_date: 'input',
  digest_mismatch: 'input',
  signature_key_refused: 'input',
  signature_key_unavailable: 'passing',
  signature_certificate_refused: 'input',
  signature_mismatch: 'input',
  webhook_malformed: 'input',
  webhook_lifecycle_unknown: 'input',
  webhook_app_unknown: 'input',
  webhook_late: 'passing',
  location_claimed: 'operator',
  confirmation_refused: 'input',
  confirmation_failed: 'passing',
  vendor_unreachable: 'passing',
  // packs
  pack_truncated: 'input',
  pack_magic: 'input',
  pack_version_unknown: 'input',
  pack_compression_unknown: 'input',
  pack_too_large: 'input',
  pack_corrupt: 'input',
  pack_malformed: 'input',
  pack_field_unknown: 'input',
  record_malformed: 'input',
  subject_malformed: 'input',
  // journal
  journal_newer_format: 'operator',
  journal_not_a_journal: 'operator',
  journal_in_use: 'operator',
  journal_write_failed: 'passing',
  journal_closed: 'passing',
  journal_row_corrupt: 'operator',
  journal_busy: 'passing',
  journal_corrupt: 'passing',
  journal_disk_full: 'operator',
  journal_full: 'operator',
  journal_blocked: 'passing',
  // processes and links
  port_taken: 'operator',
  folder_unusable: 'operator',
  nats_server_missing: 'operator',
  chromium_missing: 'operator',
  nats_server_failed: 'operator',
  nats_unreachable: 'passing',
  publish_refused: 'passing',
  publish_poisoned: 'input',
  stream_drift: 'operator',
  stream_lost: 'passing',
  demo_running: 'operator',
  demo_not_ready: 'operator',
  credentials_unreadable: 'operator',
  // small files of state
  state_file_unreadable: 'operator',
  state_file_damaged: 'operator',
  state_write_failed: 'passing',
  // the SmartThings cloud
  smartthings_needs_login: 'operator',
  smartthings_login_failed: 'operator',
  smartthings_budget_spent: 'passing',
  smartthings_rate_limited: 'passing',
  smartthings_unreachable: 'passing',
  smartthings_failed: 'passing',
  smartthings_forbidden: 'operator',
  smartthings_not_found: 'operator',
  smartthings_refused: 'operator',
  smartthings_limit_reached: 'operator',
  smartthings_events_refused: 'operator',
  smartthings_answer_invalid: 'passing',
  smartthings_stopped: 'passing',
  // MQTT
  mqtt_unreachable: 'passing',
  mqtt_unauthorized: 'operator',
  mqtt_tls_failed: 'operator',
  mqtt_version_refused: 'operator',
  mqtt_refused: 'operator',
  mqtt_subscription_refused: 'operator',
  mqtt_too_many_devices: 'input',
  mosquitto_missing: 'operator',
  // storage
  storage_newer_schema: 'operator',
  storage_in_use: 'operator',
  storage_unavailable: 'passing',
  storage_request_malformed: 'input',
  // dashboard
  query_invalid: 'input',
  too_many_viewers: 'passing',
  internal: 'bug',
} as const satisfies Record<string, ErrorKind>

/** A code from the closed list. */
export type ErrorCode = keyof typeof ERROR_CODES

/** What may accompany an error: the next step, and what caused it. */
export interface ErrorDetails {
  /** What to do next, as a sentence. */
  readonly hint?: string
  readonly cause?: unknown
}

/** The error that Hubleaf throws. `message` says what happened and to which thing. */
export class HubleafError extends Error {
  override readonly name = 'HubleafError'
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.kind = ERROR_CODES[code]
    this.hint = details.hint
  }
}

/** True if `error` is a HubleafError, with this code if one is given. */
export function isHubleafError(error: unknown, code?: ErrorCode): error is HubleafError {
  return error instanceof HubleafError && (code === undefined || error.code === code)
}

/** The message of anything that was thrown, for logs. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The `code` of a system error (`ENOENT`, `EADDRINUSE`, …), or undefined. */
export function systemCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
