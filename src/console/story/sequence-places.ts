/** Where the line of each party stands in a sequence diagram: hundredths of its width, from the left. */
export interface Places {
  readonly webex: number;
  readonly edge: number;
  readonly bridge: number;
  /** Operators and the back end; `null`: nothing came from them or went to them. */
  readonly beside: number | null;
}

/** Most room is between WebEx and Bridgehead: its messages have the longest names. */
export const places: Places = { webex: 8, edge: 57, bridge: 92, beside: null };
export const placesWithBeside = { webex: 7, edge: 44, bridge: 76, beside: 94 } as const satisfies Places;
