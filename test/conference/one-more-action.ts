import { type ActionTable, action } from "../../src/conference/action-row.ts";
import { type OperatorRequest, operatorActions } from "../../src/conference/operator-actions.ts";

export const says = "wave at a caller, so that all others hear it";
/** The table with one more row, and nothing else. */
export const actions: ActionTable = {
  ...operatorActions,
  wave: action({
    parameters: operatorActions.mute.parameters,
    needs: ["mute"],
    title: ({ call }) => `Wave at ${call}`,
    asked: { says, examples: ["444"], button: { title: "Wave", when: ({ muted }) => !muted } },
    refuse: (_, { call }) => (call === "c1" ? null : "no-such-call"),
    apply: (draft, { call }) => draft.issueOnce({ type: "mute", call }, ["mute"]),
  }),
};
export const wave = { type: "wave", call: "c1" } as object as OperatorRequest;
