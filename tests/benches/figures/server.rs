//! What is left of the difference between guests behind HTTP: requests a second, with several connections at once.
//!
//! It stands in for a policy server, and does what one does for each request: it reads an `AdmissionReview`, waits for one of
//! as many permits as there are cores, evaluates on a thread that may block, and answers with an `AdmissionReview`. TLS,
//! metrics and logs are left out, and those who ask take their share of the same cores.

use std::convert::Infallible;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bundle_tests::reviews::cluster;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};

use crate::chart::{Bar, Panel};
use crate::measure::{Answers, Guest, Guests, Ready};
use crate::report::{Report, cores};
use crate::reviews::Class;

/// How many clients there are, each with a connection of its own.
const CONNECTIONS: usize = 4;
/// For how long a guest is asked at a time.
const TIME: Duration = Duration::from_millis(700);
const ROUNDS: u32 = 3;

/// The least part of the floor's requests that a policy has to answer in the same time.
const LEAST: f64 = 0.9;
/// The same for one that looks things up.
const LEAST_WITH_LOOKUPS: f64 = 0.85;

type Failure = Box<dyn Error + Send + Sync>;

pub(crate) fn measure(guests: &Arc<Guests>, report: &mut Report) -> Result<Panel, String> {
    let failed = |error: Failure| error.to_string();
    report.table(
        &format!("Behind HTTP, {CONNECTIONS} connections"),
        &["policy", "payload"],
        &["floor, requests a second", "policy", "÷ floor"],
    );
    let host = Host::start(guests).map_err(failed)?;
    let mut bars = Vec::new();
    for policy in &guests.policies {
        let class = Class::judged(policy)?;
        let Some(request) = class.requests.get(class.requests.len() / 2) else {
            continue;
        };
        let review = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request,
        });
        let review = Bytes::from(review.to_string());
        let (mut floor, mut own) = (0.0, 0.0);
        for _ in 0..ROUNDS {
            floor += host.ask(&guests.floor.name, &review).map_err(failed)?;
            own += host.ask(&policy.name, &review).map_err(failed)?;
        }
        let of_floor = own / floor;
        report.row(&[
            &policy.name,
            &format!("{} B{}", review.len(), class.made),
            &format!("{:.0}", floor / f64::from(ROUNDS)),
            &format!("{:.0}", own / f64::from(ROUNDS)),
            &format!("{of_floor:.2}"),
        ]);
        let least = if policy.looks_up() {
            LEAST_WITH_LOOKUPS
        } else {
            LEAST
        };
        report.target(
            &format!(
                "`{}` answers at least {least} of the requests that the floor does, behind HTTP",
                policy.name
            ),
            &format!("{of_floor:.2}"),
            of_floor >= least,
        );
        bars.push(Bar::new(&policy.name, of_floor));
    }
    Ok(Panel::new(
        "Requests behind HTTP, where a guest that accepts unread has 1",
        bars,
    ))
}

/// Every guest behind a path of its name, on a port of this machine.
struct Host {
    runtime: Runtime,
    address: SocketAddr,
}

impl Host {
    fn start(guests: &Arc<Guests>) -> Result<Self, Failure> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let service = Service {
            guests: Arc::clone(guests),
            permits: Arc::new(Semaphore::new(cores())),
            answers: Answers::default(),
        };
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                let answer = service_fn(move |request| {
                    let service = service.clone();
                    async move { Ok::<_, Infallible>(service.answer(request).await) }
                });
                let connection =
                    server::Builder::new().serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(connection);
            }
        });
        Ok(Self { runtime, address })
    }

    /// How many requests a second a guest answers.
    fn ask(&self, guest: &str, review: &Bytes) -> Result<f64, Failure> {
        let started = Instant::now();
        let answered = self.runtime.block_on(async {
            let mut clients = JoinSet::new();
            for _ in 0..CONNECTIONS {
                let (address, path) = (self.address, format!("/{guest}"));
                clients.spawn(ask(address, path, review.clone(), started));
            }
            let mut answered = 0;
            while let Some(asked) = clients.join_next().await {
                answered += asked??;
            }
            Ok::<u32, Failure>(answered)
        })?;
        Ok(f64::from(answered) / started.elapsed().as_secs_f64())
    }
}

/// Asks over one connection for as long as the time is.
async fn ask(
    address: SocketAddr,
    path: String,
    review: Bytes,
    started: Instant,
) -> Result<u32, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut answered = 0;
    while started.elapsed() < TIME {
        let request = Request::post(&path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(review.clone()))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status != StatusCode::OK {
            return Err(format!("{path}: {}", String::from_utf8_lossy(&body)).into());
        }
        answered += 1;
    }
    Ok(answered)
}

/// What a connection needs.
#[derive(Clone)]
struct Service {
    guests: Arc<Guests>,
    permits: Arc<Semaphore>,
    /// A server looks the same up once.
    answers: Answers,
}

impl Service {
    async fn answer(self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (status, body) = match self.review(request).await {
            Ok(body) => (StatusCode::OK, body),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string().into()),
        };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        response
    }

    async fn review(self, request: Request<Incoming>) -> Result<Bytes, Failure> {
        let name = request.uri().path().trim_start_matches('/').to_owned();
        let body = request.into_body().collect().await?.to_bytes();
        let permit = Arc::clone(&self.permits).acquire_owned().await?;
        let answered = spawn_blocking(move || {
            let guest = self.guests.of(&name)?;
            let answer = self.evaluate(guest, &body);
            drop(permit);
            answer
        });
        answered.await?
    }

    fn evaluate(&self, guest: &Guest, body: &[u8]) -> Result<Bytes, Failure> {
        let review: Value = serde_json::from_slice(body)?;
        let request = review.get("request").ok_or("there is no request")?;
        let host = Ready {
            host: cluster().host(guest.policy.metadata()),
            answers: Arc::clone(&self.answers),
        };
        let answer = guest.policy.validate(request, &json!({}), host)?;
        let review = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": {
                "uid": request.get("uid"),
                "allowed": answer.accepted,
                "warnings": answer.warnings,
                "status": {"message": answer.message, "code": answer.code},
            },
        });
        Ok(review.to_string().into())
    }
}
