//! `sealgate token`.

use std::ffi::OsString;
use std::sync::Arc;

use sealgate_artifact::{Code, TokenId};
use sealgate_authority::ports::System;
use sealgate_control::{Preset, Scope};
use sealgate_server::config::{Source, Sources, keys};
use sealgate_server::recover::{OwnerToken, owner_token};
use sealgate_wire::{CreateToken, Page, RevokeToken, Timestamp, TokenCreated, TokenRevoked, TokenView, When};

use super::lists;
use crate::again::Again;
use crate::args::{CreateTokenArgs, Global, RecoverTokenArgs, TokenCommand, now};
use crate::client::Client;
use crate::failure::Failure;
use crate::once::Once;
use crate::output::{Output, complain, ends, say};

const ANOTHER_OWNER: &str = "`sealgate token create --scope owner` makes another; add --scope installation if the last one has that scope, too. If it made the others, give --keep-made";

pub(super) const TOKENS: &str = "/api/v1/tokens?limit=200";

pub(crate) fn run(global: &Global, command: &TokenCommand, output: &Output) -> Result<(), Failure> {
    match command {
        TokenCommand::Create(args) => create(&Client::new(global)?, args, output),
        TokenCommand::List(part) => {
            let client = Client::new(global)?;
            let none = "no tokens; `sealgate token create --scope SCOPE` makes one";
            lists::print(&client, ("/api/v1/tokens", "", none), part, output, table)?;
            if output.json || part.count {
                return Ok(());
            }
            warn_of_the_end(&client.get_all::<TokenView>(TOKENS)?);
            Ok(())
        }
        TokenCommand::Revoke { token_id, keep_made } => {
            revoke(&Client::new(global)?, token_id, &RevokeToken { keep_made: *keep_made }, output)
        }
        TokenCommand::Recover(args) => recover(global, args, output),
    }
}

fn revoke(client: &Client, token_id: &str, wish: &RevokeToken, output: &Output) -> Result<(), Failure> {
    let id =
        TokenId::parse(token_id).map_err(|e| Failure::from(e).fix("`sealgate token list` shows the ids"))?;
    let revoked: TokenRevoked =
        client.post(&format!("/api/v1/tokens/{id}/revoke"), wish).map_err(|failure| {
            if failure.code == Code::LastOwner.as_str() { failure.fix(ANOTHER_OWNER) } else { failure }
        })?;
    output.result(&revoked, |revoked| {
        table(std::slice::from_ref(&revoked.token));
        match revoked.also_revoked {
            0 => {}
            1 => say!("\nOne token that it had made was revoked with it."),
            n => say!("\n{n} tokens that it had made were revoked with it."),
        }
    });
    Ok(())
}

/// Works on the data directory and the database, without a token.
fn recover(global: &Global, args: &RecoverTokenArgs, output: &Output) -> Result<(), Failure> {
    let mut sources = global.config.as_deref().map_or_else(|| Ok(Sources::default()), Sources::of_file)?;
    let given = [
        ("data", global.data_dir().map(OsString::from)),
        ("database", args.database.clone()),
        ("database_tls", args.database_tls.clone()),
        ("passphrase_file", args.passphrase_file.clone()),
    ];
    for (name, text) in given {
        let key = keys().find(|key| key.name == name).expect("the server has such a key");
        let texts: Vec<OsString> = text.into_iter().filter(|text| !text.is_empty()).collect();
        let wrong = |why| Failure::new(Code::ConfigInvalid, format!("{name}: {why}"));
        if !texts.is_empty() {
            sources.add(Source::Flag, key, &texts).map_err(wrong)?;
        }
    }
    let config = sources.config()?;
    let runtime =
        tokio::runtime::Runtime::new().map_err(|e| Failure::new(Code::SystemError, e.to_string()))?;
    let made =
        runtime.block_on(owner_token(config, args.tenant.as_deref(), Arc::new(System), Arc::new(System)))?;
    show_recovered(&made, output);
    Ok(())
}

/// Also with `--quiet`: nobody can show the token again.
fn show_recovered(made: &OwnerToken, output: &Output) {
    let result = serde_json::json!({
        "token_id": made.token_id, "token": made.token, "scopes": made.scopes, "expires_at": null,
    });
    output.only_once(&result, |_| made.token.clone(), |_| {
        Output::pairs(&[
            ("token id", made.token_id.clone()),
            ("token", made.token.clone()),
            ("scopes", made.scopes.join(", ")),
            ("ends", ends(None)),
        ]);
        say!("\nThe token is shown this once, and the audit log names it. `sealgate token list` shows the others: revoke those");
        say!("that somebody else may have.");
    }, || format!("make another one with the same command; `sealgate token revoke {}` ends this one", made.token_id));
}

fn create(client: &Client, args: &CreateTokenArgs, output: &Output) -> Result<(), Failure> {
    let preset = args.preset.as_deref().and_then(Preset::named);
    let of_preset = preset.iter().flat_map(|preset| preset.scopes).map(|scope| scope.as_str().to_owned());
    let wish = CreateToken {
        name: args.name.clone().or_else(|| preset.map(|preset| preset.name.to_owned())),
        scopes: of_preset.chain(args.scope.iter().cloned()).collect(),
        expires_at: args.expires.0.clone(),
    };
    let once = Once::new(again(client, args), args.once.idempotency_key.as_ref());
    let created: TokenCreated = once.post(client, ("/api/v1/tokens", &wish), output)?;
    output.only_once(
        &created,
        |token| token.token.clone(),
        |token| {
            Output::pairs(&[
                ("token id", token.token_id.clone()),
                ("token", token.token.clone()),
                ("scopes", token.scopes.join(", ")),
                ("ends", ends(token.expires_at)),
            ]);
            say!("\nThe token is shown only once.");
        },
        || once.way_back(&format!("the token {} is made", created.token_id)),
    );
    if created.scopes.iter().any(|scope| scope == Scope::Owner.as_str())
        && !output.json
        && let Some(tokens) = client.get_if_allowed::<Page<TokenView>>(TOKENS)?
    {
        warn_of_the_end(&client.all_of(tokens, TOKENS)?);
    }
    Ok(())
}

fn warn_of_the_end(tokens: &[TokenView]) {
    if let Some(end) = owners_end(tokens) {
        complain!("{}", locked_out(end));
    }
}

/// When the last owner's token in force ends. `None` where one of them never ends.
pub(super) fn owners_end(tokens: &[TokenView]) -> Option<Timestamp> {
    let now = now();
    let is_owner = |t: &&TokenView| t.scopes.iter().any(|scope| scope == Scope::Owner.as_str());
    let in_force = |t: &&TokenView| t.revoked_at.is_none() && t.expires_at.is_none_or(|end| end.0 > now);
    let ends: Vec<_> = tokens.iter().filter(is_owner).filter(in_force).map(|t| t.expires_at).collect();
    ends.into_iter().collect::<Option<Vec<_>>>()?.into_iter().max_by_key(|end| end.0)
}

/// What happens then.
pub(super) fn locked_out(end: Timestamp) -> String {
    format!(
        "every owner's token of this tenant ends, the last one at {end}: nobody can act for it afterwards; make one that never ends in \
         time: `sealgate token recover --data DIR` on the server's machine"
    )
}

/// The same token once more.
fn again(client: &Client, args: &CreateTokenArgs) -> Again {
    let again =
        args.scope.iter().fold(client.again("token create"), |again, s| again.flag("--scope", Some(s)));
    let expires = args.expires.0.as_ref().map_or("never", When::as_str);
    again
        .flag("--preset", args.preset.as_deref())
        .flag("--name", args.name.as_deref())
        .flag("--expires", Some(expires))
}

fn table(tokens: &[TokenView]) {
    let row = |t: &TokenView| {
        let status = t.revoked_at.map_or_else(|| ends(t.expires_at), |at| format!("revoked {at}"));
        let maker = t.made_by.clone().unwrap_or_else(|| "-".to_owned());
        vec![t.token_id.clone(), t.name.clone(), status, maker, t.scopes.join(" ")]
    };
    Output::table(&["TOKEN ID", "NAME", "ENDS", "MADE BY", "SCOPES"], tokens.iter().map(row));
}
