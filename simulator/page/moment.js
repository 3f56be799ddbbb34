/** Owns how times are shown (in ms since the epoch), days, sizes. In the browser's own language and time zone. */

const TIME = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const TIME_S = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", month: "long", day: "numeric" });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const SHAPES = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
};

export const timeOf = (at) => TIME.format(at);

export const fullTimeOf = (at) => FULL.format(at);

/** A key that is the same for moments of one day. */
export const dayKey = (at) => new Date(at).toDateString();

/** "Today", "Yesterday", or the date. */
export function dayName(at) {
  return nearDay(new Date(at)) ?? DAY.format(at);
}

/** "today at 10:15", or the date and the time. */
export function dayAndTime(at) {
  return `${nearDay(new Date(at))?.toLowerCase() ?? DAY.format(at)} at ${timeOf(at)}`;
}

/** "in 3 minutes", "2 days ago". */
export function relative(moment) {
  const seconds = (moment - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? UNITS.at(-1);
  return RELATIVE.format(Math.round(seconds / size), unit);
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
