import type { BridgeDriver, DriverReport } from "../../bridge-agent/drivers/driver.ts";

export interface Acting {
  readonly driver: BridgeDriver;
  /** Since the driver acts. */
  readonly reports: DriverReport[];
}

/** Starts the driver, and activates it as soon as it is connected. The caller stops it. */
export async function act(driver: BridgeDriver, epoch: number): Promise<Acting> {
  const reports: DriverReport[] = [];
  await new Promise<void>((resolve) => {
    driver.start((report) => {
      reports.push(report);
      if (report.type === "connected") resolve();
    });
  });
  reports.length = 0;
  driver.activate(epoch);
  return { driver, reports };
}
