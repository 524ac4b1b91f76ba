// Prometheus metrics of one process: a registry with the process's own vitals and build info.
// Names follow the Prometheus conventions: base units, `_total`, no device ids as labels.

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export { Counter, Gauge, Histogram } from 'prom-client'

/** The metrics of one process. */
export interface Telemetry {
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>
  histogram(name: string, help: string, bucketsSeconds: readonly number[]): Histogram
  /** Runs before each scrape, to set gauges. */
  onScrape(refresh: () => void): void
  /** The text that a Prometheus server scrapes, and its content type. */
  scrape(): Promise<{ readonly type: string; readonly text: string }>
}

/** Metrics for the process role `role`; `version` goes into `hubleaf_build_info`. */
export function createTelemetry(role: string, version: string): Telemetry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const refreshers: (() => void)[] = []
  const info = { name: 'hubleaf_build_info', help: 'Role and version', registers }
  new Gauge({ ...info, labelNames: ['role', 'version'] }).set({ role, version }, 1)
  return {
    counter: (name, help, labels = []) =>
      new Counter({ name, help, registers, labelNames: [...labels] }),
    gauge: (name, help, labels = []) =>
      new Gauge({ name, help, registers, labelNames: [...labels] }),
    histogram: (name, help, buckets) =>
      new Histogram({ name, help, registers, buckets: [...buckets] }),
    onScrape: (refresh) => {
      refreshers.push(refresh)
    },
    scrape: async () => {
      for (const refresh of refreshers) refresh()
      return { type: registry.contentType, text: await registry.metrics() }
    },
  }
}
