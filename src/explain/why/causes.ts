import type { BridgeCommand, CommandResult } from "../../bridge/commands.ts";
import type { PendingCommand } from "../../conference/state.ts";
import type { CommandId } from "../../foundation/ids.ts";
import type { Step } from "../../replay/replay.ts";
import { type Moment, momentOf } from "./words.ts";

/** A command, and who wanted it. */
export interface Cause extends Moment {
  readonly command: BridgeCommand;
  readonly by: "webex" | "operator" | "nobody";
  /** The operator's name. */
  readonly person?: string;
  readonly pending: PendingCommand | null;
  /** The type of WebEx's request that it answers. */
  readonly request: string | null;
}

/** Who wanted each command, and its result when it comes. */
export class Causes {
  readonly #causes = new Map<CommandId, Cause>();

  /** Call it first for each step. */
  read(step: Step): void {
    const { input, changes } = step;
    const by = input?.type === "webex" || input?.type === "operator" ? input.type : "nobody";
    for (const { id, command } of step.commands) {
      const pending = changes.commands.get(id) ?? null;
      const head = changes.head ?? step.before.head;
      const groups = head.phase === "running" ? head.groups : [];
      const request = pending?.request ?? groups.find((group) => group.id === pending?.group)?.request ?? null;
      const asker = input?.type === "operator" && { person: input.person };
      this.#causes.set(id, { ...momentOf(step), command, by, ...asker, pending, request: request?.type ?? null });
    }
  }

  /** The results in a step, with the commands that they are of. */
  resultsIn({ input, before }: Step): readonly (Cause & { readonly result: CommandResult })[] {
    if (input?.type !== "bridge") return [];
    return input.reports.flatMap(({ report }) => {
      if (report.type !== "result" || !before.commands.has(report.id)) return [];
      const cause = this.#causes.get(report.id);
      return cause ? [{ ...cause, result: report.result }] : [];
    });
  }

  /** Commands whose time passed in a step without a result. */
  expiredIn({ changes, before }: Step): readonly Cause[] {
    return [...changes.commands].flatMap(([id, pending]) => {
      const cause = this.#causes.get(id);
      return cause && pending?.expired && !before.commands.get(id)?.expired ? [cause] : [];
    });
  }
}

export function byText({ by, person, request }: Pick<Cause, "by" | "person" | "request">, at: string): string {
  if (by === "operator") return `${operatorText(person)} asked for it at ${at}`;
  if (request === "update-conference") return `WebEx asked for it for all callers at ${at}`;
  return by === "webex" ? `WebEx asked for it at ${at}` : `it followed from something else at ${at}`;
}

export function operatorText(person: string | undefined): string {
  return person === undefined ? "an operator" : `the operator ${person}`;
}
