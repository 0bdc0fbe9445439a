/** A moment (milliseconds since 1970) as people read it: `2031-05-04 09:30 UTC`. */
export function formatMoment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
