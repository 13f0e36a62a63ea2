import * as v from "valibot";

/** How much the settings keep of numbers and attendee IDs, by which people are found. */
export const peopleShown = v.picklist(["full", "masked", "none"]);
export type PeopleShown = v.InferOutput<typeof peopleShown>;

export const peopleWords = {
  none: "The settings of this domain keep nothing of numbers and attendee IDs (recordsPersonal): search by the key.",
  masked: "The settings of this domain keep the last two characters alone (recordsPersonal): others may fit as well.",
} as const;
