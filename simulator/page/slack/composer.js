/** Owns how people write on Slack: messages, replies, slash commands as text. Called by Slack's chat. */

import { Composer } from "../composer.js";
import { h } from "../dom.js";
import { appAvatar, initials } from "../people.js";
import { beginning, offer, offerEmoji } from "../suggestions.js";

const MOST = 12;
/** What the app's commands take, as its own help says. */
const USAGES = {
  "/agents": [
    ["", "<task>", "Assemble a team of agents for a task"],
    ["status", "[number]", "What is going on, and how far it is"],
    ["stop", "[number]", "Stop a session"],
    ["settings", "", "Provider, model, instructions and keys"],
    ["usage", "[number]", "What was used"],
    ["access", "[right @people @groups #channels | right reset]", "Who may do what"],
    ["audit", "", "Who did what, for admins"],
    ["help", "", "What you can do here"],
  ],
  "/history": [
    ["", "", "Your latest sessions"],
    ["", "<words>", "Search past sessions"],
    ["", "<number>", "The transcript of one session, as a file"],
  ],
};

export class SlackComposer extends Composer {
  extras() {
    this.broadcast = h("input", { type: "checkbox" });
    this.also = h("label", { class: "also" }, this.broadcast, h("span", {}));
    return this.inThread ? this.also : this.slashButton();
  }

  aim(channel, root, label) {
    super.aim(channel, root, label);
    this.also.lastChild.textContent =
      channel.kind === "im" ? "Also send as direct message" : `Also send to #${channel.name}`;
  }

  suggest(typed) {
    const { store } = this.chat;
    return commands(typed, store, this.inThread) ?? people(typed, store) ?? channels(typed, store) ?? offerEmoji(typed);
  }

  async deliver(text) {
    const command = text.match(/^(\/[a-z][\w-]*)(?:\s+([\s\S]*))?$/i);
    if (command) await this.command(command[1], command[2] ?? "");
    else await this.post(text);
  }

  async command(command, text) {
    const { store } = this.chat;
    if (this.inThread) {
      throw new Error(
        `${command} is not supported in threads. Sorry! Type it in the channel; here, just say what you want.`,
      );
    }
    if (this.files.length) {
      throw new Error(
        `${command} cannot carry files: nor can it on Slack. Mention the app in a message with them, or attach them to a reply.`,
      );
    }
    if (!store.app.commands.includes(command)) {
      throw new Error(
        `${command} is not a valid command. Messages that begin with "/" are read as commands; begin with a space to post it as it is.`,
      );
    }
    const typed = this.field.value;
    this.clear();
    this.say(`Sending ${command} …`);
    try {
      await store.control.post("commands", { user: store.me, channel: this.channel.id, command, text });
      this.say("");
    } catch (error) {
      if (!this.field.value) this.begin(typed);
      throw error;
    }
  }

  async post(text) {
    const { store } = this.chat;
    const files = await this.encodedFiles();
    const thread = this.root ? { thread_ts: this.root, broadcast: this.broadcast.checked } : {};
    await store.control.post("messages", { user: store.me, channel: this.channel.id, text, files, ...thread });
    this.clear();
  }

  clear() {
    super.clear();
    this.broadcast.checked = false;
  }
}

function commands(typed, store, inThread) {
  if (!/^\/\S*(\s\S*)?$/.test(typed) || typed.includes("\n")) return null;
  const [command, rest] = typed.split(/\s(.*)/s);
  const known = store.app.commands.filter((each) => (rest === undefined ? each.startsWith(command) : each === command));
  if (!known.length) return null;
  if (inThread) return { title: "Slash commands do not work in threads. Type them in the channel.", options: [] };
  const options = known.flatMap((each) => usages(each, rest)).slice(0, MOST);
  return options.length ? { title: "Commands of " + store.app.name, options } : null;
}

function usages(command, rest) {
  const all = USAGES[command] ?? [["", "", ""]];
  const fitting =
    rest === undefined || rest === "" ? all : all.filter(([word]) => word && word.startsWith(rest) && word !== rest);
  return fitting.map(([word, more, hint]) => {
    const text = word
      ? `${command} ${word}${more ? " " : ""}`
      : more || USAGES[command] === undefined
        ? `${command} `
        : command;
    return { look: appAvatar, label: [command, word].filter(Boolean).join(" "), more, hint, from: 0, text };
  });
}

function channels(typed, store) {
  const found = beginning(typed, "#");
  if (!found) return null;
  const fitting = store.places().filter((channel) => channel.name.toLowerCase().startsWith(found.begun));
  const option = ({ name }) => ({ label: `#${name}`, hint: "", from: found.from, text: `#${name} ` });
  return offer("Channels", fitting.map(option));
}

function people(typed, store) {
  const found = beginning(typed, "@");
  if (!found) return null;
  const app = store.users.get(store.app.bot_user);
  const fits = (user) => [user.name, user.real_name].some((name) => name.toLowerCase().startsWith(found.begun));
  const option = (user) => ({
    look: user === app ? appAvatar : () => initials(user.real_name),
    label: user === app ? store.app.name : user.real_name,
    more: `@${user.name}`,
    hint: user === app ? "App: mention it with a task to start a team" : "",
    from: found.from,
    text: `@${user.name} `,
  });
  const named = [app, ...store.people()].filter((user) => user && fits(user)).map(option);
  const groups = [...store.groups.values()].filter((group) => !group.date_delete && group.handle.startsWith(found.begun));
  const together = ({ handle, name, users }) => ({
    label: name,
    more: `@${handle}`,
    hint: `User group, ${users.length} ${users.length === 1 ? "person" : "people"}`,
    from: found.from,
    text: `@${handle} `,
  });
  return offer("People", [...named, ...groups.map(together)]);
}
