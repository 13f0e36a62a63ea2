declare const BRIDGEHEAD_VERSION: string;

/** The version that the build put in. */
export const version = typeof BRIDGEHEAD_VERSION === "undefined" ? "unbuilt (a checkout)" : BRIDGEHEAD_VERSION;
