declare const BRIDGEHEAD_VERSION: string;

export const version = typeof BRIDGEHEAD_VERSION === "undefined" ? "unbuilt (a checkout)" : BRIDGEHEAD_VERSION;
