//! What whoever keeps a PostgreSQL does on its machine, where no SQL is needed.

use crate::failure::{Doing, Result};
use crate::postgres::{Postgres, as_owner};
use crate::process;
use std::fs;

impl Postgres {
    /// Puts lines above all others in `pg_hba.conf`, and has them read.
    pub fn judge_first(&self, lines: &str) -> Result<()> {
        let file = self.folder().join("data/pg_hba.conf");
        let present = fs::read_to_string(&file).doing("read who may connect to PostgreSQL")?;
        fs::write(&file, format!("{lines}\n{present}")).doing("write who may connect to PostgreSQL")?;
        let mut reload = as_owner(&self.program("pg_ctl"), self.folder())?;
        process::capture(reload.args(["reload", "-D"]).arg(self.folder().join("data"))).map(drop)
    }

    /// Ends it in good order, with all sessions, and starts it again.
    pub fn restart(&self) -> Result<()> {
        self.end("INT").doing("end PostgreSQL")?;
        self.start_again()
    }
}
