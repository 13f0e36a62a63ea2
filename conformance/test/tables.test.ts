import { expect, test } from "vitest";
import { type MessageSpec, fromWebex as ofProductFromWebex, toWebex } from "../../src/tsp/messages.ts";
import { defaultCodes } from "../../src/tsp/protocol-table.ts";
import { type Attribute, fromAdapter, fromWebex, type MessageRow, rowsByName } from "../messages.ts";

/** Known differences between the kit's table and the product's, with the reason. A new one is a finding. */
const known: Readonly<Record<string, string>> = {
  "W2A_AddToSubConference SubConfID: required for the kit, not for the product":
    "No document names the attribute. The kit always sends it; the product does not need it if there is one sub-conference.",
  "W2A_CreateSubConference SubConfID: required for the kit, not for the product":
    "The kit always sends it; the product answers one without it with a refusal.",
  "W2A_RemoveFromSubConference SubConfID: required for the kit, not for the product": "As for W2A_AddToSubConference.",
  "W2A_CloseSubConference SubConfID: required for the kit, not for the product": "As for W2A_AddToSubConference.",
  "W2A_Callout AttendeeID: only the product has it":
    "No document has it in a call-out; the guide's entry of an invitee has it. The product passes it on.",
  "W2A_CreateConference HostExtCallID: only the product has it":
    "No document defines how a create names the host's call. The kit names it by HostAttendeeID.",
  "W2A_RspNotifyUserEnter ExtCallID: required for the kit, not for the product":
    "The call sequences say that WebEx returns it. The product also accepts an answer that only refuses.",
  "A2W_NotifyConferenceChange Status: codes 0 1 2 3 4 5 6 for the kit, 0 1 2 3 4 6 for the product":
    "The reference lists 5, MP, without a meaning. The product never sends it.",
  "A2W_NotifyUserEnter ExtCallID: required for the kit, not for the product":
    "The call sequences say that it is null for a caller. The product writes null if it has none.",
  "A2W_NotifySubConferenceChange Status: codes 0 1 2 for the kit, 0 2 for the product":
    "The guide has 0 and 2; the kit also accepts 1, the gap between them. The product never sends it.",
};

const product = { ...ofProductFromWebex, ...toWebex } as Readonly<Record<string, MessageSpec>>;

test("the kit's tables differ from the product's only for known reasons", () => {
  const differences = [...namesDiffer(), ...[...rowsByName.values()].flatMap(messageDiffers)];

  // The kit allows an answer to repeat the request's ids. The product does not send them.
  const isRepeated = /^A2W_Rsp\w+ (ConfKey|ExtConfID|ExtCallID|SubConfID|ActionCode): only the kit has it$/;
  expect(differences.filter((difference) => !(difference in known || isRepeated.test(difference)))).toEqual([]);
  expect(Object.keys(known).filter((difference) => !differences.includes(difference))).toEqual([]);
});

function namesDiffer(): string[] {
  const kit = new Set([...fromWebex, ...fromAdapter].map(({ name }) => name));
  const wires = Object.values(product).map(({ wire }) => wire);
  return [
    ...wires.filter((wire) => !kit.has(wire)).map((wire) => `${wire}: only the product has it`),
    ...[...kit].filter((name) => !wires.includes(name)).map((name) => `${name}: only the kit has it`),
  ];
}

function messageDiffers(row: MessageRow): string[] {
  const spec = Object.values(product).find(({ wire }) => wire === row.name);
  if (!spec) return [];
  const standing = spec.source === "documented" ? "documented" : "unconfirmed";
  const fields = Object.values(spec.fields).filter(({ wire }) => wire !== "PhoneNum");
  const names = new Set([...row.attributes.map(({ name }) => name), ...fields.map(({ wire }) => wire)]);
  return [
    ...(row.standing === standing ? [] : [`${row.name}: ${row.standing} for the kit, ${spec.source} for the product`]),
    ...[...names].flatMap((name) => {
      const attribute = row.attributes.find((one) => one.name === name);
      const field = fields.find(({ wire }) => wire === name);
      if (!attribute) return [`${row.name} ${name}: only the product has it`];
      if (!field) return [`${row.name} ${name}: only the kit has it`];
      return attributeDiffers(attribute, field).map((difference) => `${row.name} ${name}: ${difference}`);
    }),
  ];
}

function attributeDiffers(attribute: Attribute, field: MessageSpec["fields"][string]): string[] {
  const { kind } = field;
  const max = "max" in kind ? kind.max : undefined;
  const differences: string[] = [];
  if (attribute.required !== (field.need === "required")) {
    differences.push(`${attribute.required ? "required" : "optional"} for the kit, not for the product`);
  }
  if (attribute.max !== undefined && max !== undefined && attribute.max !== max) {
    differences.push(`at most ${attribute.max} for the kit, ${max} for the product`);
  }
  const unit = "unit" in kind ? kind.unit : undefined;
  if (attribute.unit !== unit) differences.push(`counted in ${attribute.unit ?? "characters"} by the kit only`);
  if (kind.kind === "code" && kind.codes !== "result") {
    const numbers: number[] = Object.values(defaultCodes[kind.codes]).toSorted((a, b) => a - b);
    const own = attribute.codes ?? [];
    if (own.join() !== numbers.join())
      differences.push(`codes ${own.join(" ")} for the kit, ${numbers.join(" ")} for the product`);
  }
  return differences;
}
