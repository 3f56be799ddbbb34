/** Owns how times are shown: Slack's timestamps, days, sizes. In the browser's own language and time zone. */

const TIME = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const TIME_S = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", month: "long", day: "numeric" });
const SHAPES = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
};

/** The moment of a Slack timestamp. */
export const momentOf = (ts) => new Date(Number(ts) * 1000);

export const timeOf = (ts) => TIME.format(momentOf(ts));

export const fullTimeOf = (ts) => FULL.format(momentOf(ts));

/** A key that is the same for moments of one day. */
export const dayKey = (ts) => momentOf(ts).toDateString();

/** "Today", "Yesterday", or the date. */
export function dayName(moment) {
  return nearDay(moment) ?? DAY.format(moment);
}

/** What Slack makes of a `<!date^…>` pattern such as `{date_short_pretty} at {time}`. */
export function patterned(moment, pattern) {
  return pattern.replace(/\{(\w+)\}/g, (whole, token) => {
    if (token === "time") return TIME.format(moment);
    if (token === "time_secs") return TIME_S.format(moment);
    const pretty = token.endsWith("_pretty");
    const shape = SHAPES[token.replace(/_pretty$/, "")];
    if (!shape) return whole;
    return (pretty && nearDay(moment)?.toLowerCase()) || new Intl.DateTimeFormat(undefined, shape).format(moment);
  });
}

function nearDay(moment) {
  const days = Math.round((new Date(moment.toDateString()) - new Date(new Date().toDateString())) / 86_400_000);
  return { 0: "Today", "-1": "Yesterday", 1: "Tomorrow" }[days];
}

/** A size in bytes, in words. */
export function sizeName(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
