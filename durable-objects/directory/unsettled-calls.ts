import type { BridgeName } from "../../src/foundation/ids.ts";
import { MultiMap } from "../../src/foundation/maps.ts";
import type { KeptPromptCall } from "../../src/rpc/directory-feed.ts";

/** Calls at the prompt that an entry may change. Each entry asks, so none walks through all of them. */
export class UnsettledCalls {
  readonly #all = new Map<number, KeptPromptCall>();
  /** Ids of the calls of one number, and of those that one bridge gave the same id. */
  readonly #ids = new MultiMap<string, number>();

  constructor(calls: readonly KeptPromptCall[]) {
    for (const one of calls) this.set(one);
  }

  set(one: KeptPromptCall): void {
    this.delete(one.id);
    this.#all.set(one.id, one);
    for (const name of namesOf(one)) this.#ids.add(name, one.id);
  }

  delete(id: number): void {
    const one = this.#all.get(id);
    if (!one) return;
    this.#all.delete(id);
    for (const name of namesOf(one)) this.#ids.delete(name, id);
  }

  all(): readonly KeptPromptCall[] {
    return [...this.#all.values()];
  }

  ofNumber(number: string): readonly KeptPromptCall[] {
    return this.#named(numberName(number));
  }

  /** `null`: a bridge that is not known has none. */
  ofCall(bridge: BridgeName | null, call: string): readonly KeptPromptCall[] {
    return bridge === null ? [] : this.#named(callName(bridge, call));
  }

  #named(name: string): readonly KeptPromptCall[] {
    return [...this.#ids.get(name)].flatMap((id) => this.#all.get(id) ?? []);
  }
}

function namesOf({ bridge, call, number }: KeptPromptCall): readonly string[] {
  return [numberName(number), callName(bridge, call)];
}

function numberName(number: string): string {
  return `number ${number}`;
}

function callName(bridge: BridgeName, call: string): string {
  return `call ${bridge} ${call}`;
}
