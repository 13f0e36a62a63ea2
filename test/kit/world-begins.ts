/** The time of day at which every world begins. */
export const worldBegins = Date.UTC(2026, 0, 1, 12);
