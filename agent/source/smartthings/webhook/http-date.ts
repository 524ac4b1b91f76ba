// The `date` header of a signed request: the one form that the vendor sends, with UTC or GMT. Pure and
// strict; Date.parse would take nearly anything, and also local time.

const DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|UTC)$/
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'

/** Epoch ms of `Fri, 20 Nov 2026 08:15:33 UTC` (RFC 9110 §5.6.7, or with UTC), or undefined. */
export function parseHttpDate(text: string): number | undefined {
  const [, weekday = '', day = '', month = '', ...rest] = DATE.exec(text) ?? []
  const [year = 0, hour = 0, minute = 0, second = 0] = rest.map(Number)
  const ms = Date.UTC(year, MONTHS.indexOf(month) / 3, Number(day), hour, minute, second)
  if (Number.isNaN(ms)) return undefined
  const date = new Date(ms)
  const same =
    date.getUTCDate() === Number(day) &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second &&
    DAYS[date.getUTCDay()] === weekday
  return same ? ms : undefined
}
