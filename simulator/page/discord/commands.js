/** Owns which commands there are to call, as Discord's client offers them. Called by `composer` and `actions`. */

const CHAT_INPUT = 1;
const MESSAGE = 3;
const SUBCOMMAND = 1;
const GROUP = 2;

/** What can be typed in *channel*: `[{name, description, options}]`, a subcommand's name with its command's. */
export function leaves(store, channel) {
  return offered(store, channel, CHAT_INPUT).flatMap((command) => within(command, command.name));
}

/** The commands of the context menu of messages. */
export function messageCommands(store, channel) {
  return offered(store, channel, MESSAGE);
}

/** The command that *typed* (`/agents run count`) calls, and the text after its name; null when it calls none. */
export function calledIn(typed, store, channel) {
  const found = leaves(store, channel)
    .filter((leaf) => typed === `/${leaf.name}` || typed.startsWith(`/${leaf.name} `))
    .sort((a, b) => b.name.length - a.name.length)[0];
  return found ? { leaf: found, text: typed.slice(found.name.length + 1).trim() } : null;
}

function offered(store, channel, type) {
  const context = store.isIm(channel) ? 1 : 0;
  return store.app.commands.filter(
    (command) => (command.type ?? CHAT_INPUT) === type && (command.contexts?.includes(context) ?? true),
  );
}

function within(holder, name) {
  const inner = (holder.options ?? []).filter((option) => [SUBCOMMAND, GROUP].includes(option.type));
  if (inner.length) return inner.flatMap((option) => within(option, `${name} ${option.name}`));
  return [{ name, description: holder.description, options: holder.options ?? [] }];
}
