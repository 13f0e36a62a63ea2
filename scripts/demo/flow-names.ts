import type { ConfKey, MsgId } from "../../src/foundation/ids.ts";
import { escapeXml } from "../../src/tsp/xml.ts";

let nextKey = 600_000_000 + (Date.now() % 100_000_000);

/** What differs from run to run, and the short names that a flow has for it; documents made from lines, and lines from documents. */
export class FlowNames {
  readonly confKey = String(nextKey++) as ConfKey;
  /** Ids of calls and rooms, and hosts → their names. */
  private readonly names = new Map<string, string>();
  private readonly msgIds = new Map<string, MsgId>();

  give(id: string, name: string): void {
    this.names.set(id, name);
  }

  /** o1, o2, … to those that have no name yet. */
  giveNext(id: string, letter: string): void {
    const taken = [...this.names.values()].filter((name) => name.startsWith(letter)).length;
    if (!this.names.has(id)) this.names.set(id, `${letter}${taken + 1}`);
  }

  nameOf(id: string): string {
    return this.names.get(id) ?? id;
  }

  idOf(name: string): string | undefined {
    return [...this.names].find(([, given]) => given === name)?.[0];
  }

  short(text: string): string {
    let short = text.replaceAll(`${this.confKey}-`, "").replaceAll(this.confKey, "KEY");
    for (const [id, name] of this.names) short = short.replaceAll(id, name);
    return short;
  }

  /** `W2A_Callout MsgID=2 …` as an element. */
  element(text: string, newMsgId: () => MsgId): string {
    const [element = "", ...words] = text.split(" ");
    const given = Object.fromEntries(words.map((word) => word.split(/=(.*)/).slice(0, 2) as [string, string]));
    const { Number: number = "14085550123", ...attributes } = {
      ...usual,
      ...(element === "W2A_CreateConference" && { ConfKey: "KEY" }),
      ...(element === "W2A_Callout" && { Privilege: "0" }),
      ...given,
    };
    const written = Object.entries(attributes).map(
      ([name, value]) => ` ${name}="${escapeXml(this.real(name, value, newMsgId))}"`,
    );
    return `<${element}${written.join("")}>${element === "W2A_Callout" ? phoneElement(number) : ""}</${element}>`;
  }

  /** The element with this MsgID, as it stands in the document; MsgIDs that the flow does not know are left out. */
  line(document: string, msgId: string): string {
    const [, element = "", attributes = ""] = new RegExp(`<(\\w+)([^>]* MsgID="${msgId}"[^>]*)>`).exec(document) ?? [];
    const label = [...this.msgIds].find(([, real]) => real === msgId)?.[0];
    const known = attributes.replace(/ MsgID="[^"]*"/, label === undefined ? "" : ` MsgID="${label}"`);
    return this.short(`${element}${known.replaceAll('"', "")}`);
  }

  private real(attribute: string, value: string, newMsgId: () => MsgId): string {
    switch (attribute) {
      case "MsgID": {
        const msgId = this.msgIds.get(value) ?? newMsgId();
        this.msgIds.set(value, msgId);
        return msgId;
      }
      case "ConfKey":
        return this.confKey;
      case "ExtConfID":
        return `${this.confKey}-${value}`;
      case "WbxHostName":
        return this.idOf(value) ?? value;
      default:
        return value;
    }
  }
}

const usual = { WbxHostName: "tsp1", ExtConfID: "1001" };

/** The TSP server that a posted line names. */
export function serverNamedIn(text: string): string {
  return / WbxHostName=(\S+)/.exec(text)?.[1] ?? usual.WbxHostName;
}

function phoneElement(digits: string): string {
  const [, country, area, local] = /^(\d)(\d{3})(\d+)$/.exec(digits) ?? [];
  return `<PhoneNum><CountryCode>${country}</CountryCode><AreaCode>${area}</AreaCode><LocalNumber>${local}</LocalNumber></PhoneNum>`;
}
