import * as v from "valibot";

/** How much of numbers and attendee IDs the settings keep for searches. */
export const peopleShown = v.picklist(["full", "masked", "none"]);
export type PeopleShown = v.InferOutput<typeof peopleShown>;

export const peopleWords = {
  none: "The settings of this domain store no numbers and attendee IDs (recordsPersonal). Search by the key.",
  masked: "The settings of this domain show only the last two characters (recordsPersonal). Others may match, too.",
} as const;
