//! The function that is to be a test, and what becomes of it.

use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

use crate::failure::Failure;
use crate::options::{Settings, Value, text};

/// An async function without arguments.
pub(crate) struct Function {
    /// What stands before `async`: attributes and visibility.
    outer: Vec<TokenTree>,
    name: String,
    name_span: Span,
    /// `async fn name() -> … { … }`.
    inner: Vec<TokenTree>,
    body: Group,
}

impl Function {
    /// Takes a function apart, that this attribute is of.
    pub(crate) fn parse(item: TokenStream, attribute: &str) -> Result<Function, Failure> {
        let tokens: Vec<TokenTree> = item.into_iter().collect();
        let outer_len = outer_len(&tokens, attribute)?;
        let (outer, inner) = tokens.split_at(outer_len);
        let is_ident = |at: usize, text: &str| matches!(inner.get(at), Some(TokenTree::Ident(ident)) if ident.to_string() == text);
        if !is_ident(0, "async") || !is_ident(1, "fn") {
            let message = format!(
                "{attribute} makes a test of an `async fn`; a function that is not async can call \
                 `unpick::Hunt` by itself, under `#[test]`"
            );
            let shown = inner.iter().position(|token| matches!(token, TokenTree::Group(_)));
            return Err(Failure::over(&inner[..shown.unwrap_or(inner.len())], message));
        }
        let Some(TokenTree::Ident(name)) = inner.get(2) else {
            return Err(Failure::over(inner, "expected the name of a function"));
        };
        match inner.get(3) {
            Some(TokenTree::Group(arguments)) if arguments.stream().is_empty() => {}
            Some(arguments @ TokenTree::Group(_)) => {
                let message = "the function of a test has no arguments: each run calls it afresh";
                return Err(Failure::at(arguments.span(), message));
            }
            other => {
                let span = other.map_or_else(Span::call_site, TokenTree::span);
                return Err(Failure::at(span, "the function of a test has no parameters"));
            }
        }
        let Some(TokenTree::Group(body)) = inner.last() else {
            return Err(Failure::over(inner, "the function of a test has a body"));
        };
        Ok(Function {
            outer: outer.to_vec(),
            name: name.to_string(),
            name_span: name.span(),
            inner: inner.to_vec(),
            body: body.clone(),
        })
    }

    /// The test: the function moves into another one of its name, which hunts.
    pub(crate) fn test(&self, settings: &Settings) -> TokenStream {
        let krate = settings.text("crate").map_or("::unpick", |(path, _)| path);
        let mut hunt = self.function();
        hunt.extend(self.hunt(krate, None));
        for (name, value) in settings.iter() {
            hunt.extend(call(name, value, krate));
        }
        hunt.extend(self.demands());
        hunt.extend(code(&format!(".run_test({})", self.name), self.name_span));
        self.moved_into("", hunt)
    }

    /// The function itself.
    pub(crate) fn function(&self) -> TokenStream {
        self.inner.iter().cloned().collect()
    }

    /// What it is called, and where that stands.
    pub(crate) fn name(&self) -> (&str, Span) {
        (&self.name, self.name_span)
    }

    /// What it says that it returns, with the arrow; nothing if it does not say so.
    pub(crate) fn output(&self) -> TokenStream {
        self.inner[4..self.inner.len() - 1].iter().cloned().collect()
    }

    /// The hunt that knows the test, if the environment asks for it only so: by this variable.
    pub(crate) fn hunt(&self, krate: &str, wish: Option<&str>) -> TokenStream {
        let mut hunt = code(&self.begin(krate, wish), self.name_span);
        if self.is_to_panic() {
            // What is to fail is no regression, unless an option says so.
            hunt.extend(code(".without_regressions()", Span::call_site()));
        }
        hunt
    }

    /// The call of a hunt that demands what the body says is to be reached.
    pub(crate) fn demands(&self) -> TokenStream {
        let reached = self.reached();
        if reached.is_empty() {
            return TokenStream::new();
        }
        code(&format!(".must_reach([{reached}])"), Span::call_site())
    }

    /// A test of the function's name with this output and body.
    pub(crate) fn moved_into(&self, output: &str, body: TokenStream) -> TokenStream {
        let mut tokens = code("#[::core::prelude::v1::test]", Span::call_site());
        tokens.extend(self.outer.iter().cloned());
        tokens.extend(code(&format!("fn {}(){output}", self.name), self.name_span));
        let mut block = Group::new(Delimiter::Brace, body);
        block.set_span(self.body.span());
        tokens.extend([TokenTree::Group(block)]);
        tokens
    }

    /// Whether there is a `#[should_panic]`.
    fn is_to_panic(&self) -> bool {
        self.outer.iter().any(|token| match token {
            TokenTree::Group(group) => {
                let first = group.stream().into_iter().next();
                first.is_some_and(|first| first.to_string() == "should_panic")
            }
            _ => false,
        })
    }

    /// The hunt, knowing which test it is.
    fn begin(&self, krate: &str, wish: Option<&str>) -> String {
        // `option_env!`, because not everybody builds with cargo.
        format!(
            "{krate}::Hunt::for_test({krate}::sim::hunt::TestInfo {{ \
                path: ::core::concat!(::core::module_path!(), \"::{}\"), \
                package: ::core::option_env!(\"CARGO_PKG_NAME\"), \
                crate_name: ::core::option_env!(\"CARGO_CRATE_NAME\"), \
                binary: ::core::option_env!(\"CARGO_BIN_NAME\"), \
                manifest_dir: ::core::option_env!(\"CARGO_MANIFEST_DIR\"), \
                is_integration_test: ::core::option_env!(\"CARGO_TARGET_TMPDIR\").is_some(), \
                file: ::core::file!(), \
                wish: ::core::option::Option::{wish:?}, \
            }})",
            self.name
        )
    }

    /// The labels of `sometimes!(…, "label")` and `reachable!("label")` in the body, as a list.
    fn reached(&self) -> String {
        let mut labels = Vec::new();
        collect_labels(self.body.stream(), &mut labels);
        let labels: Vec<String> = labels.iter().map(|label| format!("{label:?}")).collect();
        labels.join(", ")
    }
}

/// How many tokens stand before `async fn`: attributes and visibility.
fn outer_len(tokens: &[TokenTree], attribute: &str) -> Result<usize, Failure> {
    let mut at = 0;
    loop {
        match tokens.get(at) {
            Some(TokenTree::Punct(punct)) if punct.as_char() == '#' => {
                if let Some(TokenTree::Group(group)) = tokens.get(at + 1)
                    && group.stream().to_string() == "test"
                {
                    let message = format!("{attribute} is the test attribute: `#[test]` goes");
                    return Err(Failure::over(&tokens[at..at + 2], message));
                }
                at += 2;
            }
            Some(TokenTree::Ident(ident)) if ident.to_string() == "pub" => {
                let is_scoped = matches!(tokens.get(at + 1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
                at += 1 + usize::from(is_scoped);
            }
            _ => return Ok(at),
        }
    }
}

/// Rust as text, with the span of something the author wrote.
pub(crate) fn code(text: &str, span: Span) -> TokenStream {
    let tokens: TokenStream = text.parse().expect("the macro writes what can be read");
    with_span(tokens, span)
}

fn with_span(tokens: TokenStream, span: Span) -> TokenStream {
    let respanned = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let mut group = Group::new(group.delimiter(), with_span(group.stream(), span));
            group.set_span(span);
            TokenTree::Group(group)
        }
        mut token => {
            token.set_span(span);
            token
        }
    });
    respanned.collect()
}

/// The call of the builder that an option stands for.
fn call(name: &str, value: &Value, krate: &str) -> TokenStream {
    let here = Span::call_site();
    match (name, value) {
        ("runs" | "seed", Value::Number(number)) => code(&format!(".{name}({number}_u64)"), here),
        ("jobs", Value::Number(number)) => code(&format!(".jobs({number}_usize)"), here),
        ("distinct", Value::Number(number)) => {
            code(&format!(".collect_distinct({number}_usize)"), here)
        }
        ("steps", Value::Number(number)) => code(&format!(".steps_max({number}_u64)"), here),
        ("wall", Value::Nanos(nanos)) => {
            code(&format!(".wall_max(::core::time::Duration::from_nanos({nanos}))"), here)
        }
        ("switching", Value::Text(word, _)) => match word.as_str() {
            "both" => code(".both_switchings()", here),
            "cooperative" => code(&format!(".switching({krate}::Switching::Cooperative)"), here),
            _ => code(&format!(".switching({krate}::Switching::Preemptive)"), here),
        },
        ("time", Value::Text(word, _)) => {
            let model = if word == "stalling" { "Stalling" } else { "Exact" };
            code(&format!(".time({krate}::TimeModel::{model})"), here)
        }
        ("leaks", Value::Text(word, _)) => {
            let leaks = if word == "forbid" { "Forbid" } else { "Allow" };
            code(&format!(".leaks({krate}::sim::options::Leaks::{leaks})"), here)
        }
        ("isolate", Value::Text(word, _)) => {
            let isolation = if word == "process" { "Process" } else { "None" };
            code(&format!(".isolate({krate}::sim::hunt::Isolation::{isolation})"), here)
        }
        ("shard", Value::Part(ordinal, count)) => {
            code(&format!(".shard({ordinal}_u64, {count}_u64)"), here)
        }
        ("vacuous", Value::Text(word, _)) if word == "allow" => code(".allow_vacuous()", here),
        ("explain", Value::Text(word, _)) if word == "none" => code(".unexplained()", here),
        ("regressions", Value::Text(word, _)) if word == "off" => {
            code(".without_regressions()", here)
        }
        ("regressions", Value::Text(path, _)) => code(&format!(".regressions({path:?})"), here),
        ("reports", Value::Text(path, _)) => code(&format!(".report_dir({path:?})"), here),
        // Looked up where the compiler evaluates constants, so that an unknown one is an error at
        // the text.
        ("expect", Value::Text(kind, span)) => {
            code(&format!(".expect(const {{ {krate}::Kind::of_name({kind:?}) }})"), *span)
        }
        ("strategy", Value::Text(strategy, span)) => code(
            &format!(
                ".strategy(const {{ {krate}::sim::strategy::portfolio::Member::of_name({strategy:?}) }})"
            ),
            *span,
        ),
        ("reach", Value::Tokens(labels)) => called_with("must_reach", labels.clone()),
        ("order", Value::Tokens(labels)) => called_with("order", labels.clone()),
        ("faults" | "detectors" | "options", Value::Tokens(expression)) => {
            called_with(name, expression.clone())
        }
        // The path of the crate stands in the other calls, and what is the default needs none.
        _ => TokenStream::new(),
    }
}

fn called_with(method: &str, argument: TokenStream) -> TokenStream {
    let mut tokens = code(&format!(".{method}"), Span::call_site());
    tokens.extend([TokenTree::Group(Group::new(Delimiter::Parenthesis, argument))]);
    tokens
}

/// The labels in the calls of `sometimes!` and `reachable!`, at any depth.
fn collect_labels(tokens: TokenStream, labels: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let is_claim = at >= 2
            && matches!(&tokens[at - 1], TokenTree::Punct(punct) if punct.as_char() == '!')
            && matches!(&tokens[at - 2], TokenTree::Ident(ident)
                if ["sometimes", "reachable"].contains(&ident.to_string().as_str()));
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        let is_comma =
            |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
        if is_claim
            && let Some(label) = inner.split(is_comma).filter_map(text).next_back()
            && !labels.contains(&label)
        {
            labels.push(label);
        }
        collect_labels(group.stream(), labels);
    }
}
