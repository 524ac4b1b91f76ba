// The page's one door to time. `now` is the server's wall time as far as the page knows it, because
// ages must not depend on whether the viewer's clock is right. Nothing else here reads a clock.

/** Time for the page. */
export interface PageClock {
  /** The server's wall time, epoch ms. */
  now(): number
  /** Learns the server's wall time from an answer that has just arrived. */
  heard(serverNow: number): void
  /** Runs `action` once after `ms`; the result cancels it. */
  after(ms: number, action: () => void): () => void
  /** Runs `action` each `ms` for as long as the page lives. */
  every(ms: number, action: () => void): void
}

/** The browser's clock. */
export function createPageClock(): PageClock {
  let offsetMs = 0
  return {
    now: () => Date.now() + offsetMs,
    heard(serverNow) {
      const offset = serverNow - Date.now()
      // An answer is always a little late: small differences would only make ages tremble.
      if (Math.abs(offset - offsetMs) > 250) offsetMs = offset
    },
    after(ms, action) {
      const timer = setTimeout(action, ms)
      return () => clearTimeout(timer)
    },
    every(ms, action) {
      setInterval(action, ms)
    },
  }
}
