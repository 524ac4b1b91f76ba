// What the storage service asks of a database beyond the port: several writes in one transaction, with
// the fate of each row. Each technology is one implementation.

import type { RowTable, TableOutcome } from './row-table.ts'
import type { Storage } from './storage.ts'

/** A database inside the storage service. */
export interface StorageEngine extends Storage {
  /**
   * Stores all tables in one transaction; outcomes in order. Throws `storage_unavailable`, and then
   * no row of them is stored.
   */
  commit(tables: readonly RowTable[]): Promise<readonly TableOutcome[]>
  /** Aborts, with the reason, when the database can only be had again by a restart. */
  readonly broken: AbortSignal
}
