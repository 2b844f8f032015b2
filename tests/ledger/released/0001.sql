-- A ledger as faregate 0.1.0 (schema 0001) left it, made by its own code; read by tests/ledger/test_migrations.py.
BEGIN TRANSACTION;
CREATE TABLE attempt (
	id TEXT NOT NULL, 
	job TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	provider TEXT NOT NULL, 
	offer TEXT NOT NULL, 
	settings TEXT NOT NULL, 
	outputs_asked INTEGER NOT NULL, 
	quote_id TEXT NOT NULL, 
	currency TEXT NOT NULL, 
	low_nanos INTEGER NOT NULL, 
	expected_nanos INTEGER NOT NULL, 
	high_nanos INTEGER NOT NULL, 
	rate TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	outcome TEXT, 
	provider_job TEXT, 
	handle TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	posted_nanos INTEGER, 
	posted_native_nanos INTEGER, 
	started_at INTEGER NOT NULL, 
	CONSTRAINT pk_attempt PRIMARY KEY (id), 
	CONSTRAINT uq_attempt_job_number UNIQUE (job, number), 
	CONSTRAINT uq_attempt_provider_provider_job UNIQUE (provider, provider_job), 
	CONSTRAINT ck_attempt_outcome_known CHECK (outcome IS NULL OR outcome IN ('not_sent', 'refused', 'accepted', 'unknown')), 
	CONSTRAINT fk_attempt_job FOREIGN KEY(job) REFERENCES job (id), 
	CONSTRAINT fk_attempt_quote_id FOREIGN KEY(quote_id) REFERENCES quote (id)
)
 STRICT

;
INSERT INTO "attempt" VALUES('a-settled','settled',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','accepted','p-a-settled','{}','',1400000000,1400000000,1795176000000000);
INSERT INTO "attempt" VALUES('a-revised','revised',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','accepted','p-a-revised','{}','',1260000000,1260000000,1795176000000000);
INSERT INTO "attempt" VALUES('a-refunded','refunded',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','accepted','p-a-refunded','{}','',1400000000,1400000000,1795176000000000);
INSERT INTO "attempt" VALUES('a-over','over',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'caa66fc2fda267847b4106fd0b615f0d','USD',1000000000,1000000000,1000000000,'1','f','accepted','p-a-over','{}','',1300000000,1300000000,1795176000000000);
INSERT INTO "attempt" VALUES('a-half','half',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','accepted','p-a-half','{}','',1400000000,1400000000,1795176000000000);
INSERT INTO "attempt" VALUES('a-most','most',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'3e71d784a1b40fcde51bf39ea4b16a13','USD',3400000000,3400000000,3400000000,'1','f','accepted','p-a-most','{}','',3400000000,3400000000,1795176000000000);
INSERT INTO "attempt" VALUES('a-credits','credits',1,'fal','creatify/aurora_v1','{"resolution":"720p"}',1,'1b019ae39eef4bdb4dce22c8eaf1537f','creatify-credit',11000000000,11000000000,11000000000,'99/500','f','accepted','p-a-credits','{}','',2178000000,11000000000,1795176000000000);
INSERT INTO "attempt" VALUES('a-second-1','second',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','refused',NULL,'{}','busy',NULL,NULL,1795176000000000);
INSERT INTO "attempt" VALUES('a-second-2','second',2,'runware','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','accepted','p-second-2','{"url":"u"}','',1400000000,1400000000,1795176000000000);
INSERT INTO "attempt" VALUES('a-submitting','submitting',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f',NULL,NULL,'{}','',NULL,NULL,1795176000000000);
INSERT INTO "attempt" VALUES('a-submitted','submitted',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','accepted','p-a-submitted','{}','',NULL,NULL,1795176000000000);
INSERT INTO "attempt" VALUES('a-unknown','unknown',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','unknown',NULL,'{}','timed out',NULL,NULL,1795176000000000);
INSERT INTO "attempt" VALUES('a-parked','parked',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','accepted','p-a-parked','{}','',NULL,NULL,1795176000000000);
INSERT INTO "attempt" VALUES('a-provisional','provisional',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','accepted','p-a-provisional','{}','',NULL,NULL,1795176000000000);
INSERT INTO "attempt" VALUES('a-late','late',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','accepted','p-a-late','{}','',1400000000,1400000000,1795176000000000);
INSERT INTO "attempt" VALUES('a-written','written',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','unknown',NULL,'{}','no news',NULL,NULL,1795176000000000);
INSERT INTO "attempt" VALUES('a-resolved','resolved',1,'fal','fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','USD',1400000000,1400000000,1400000000,'1','f','unknown',NULL,'{}','no news',1200000000,1200000000,1795176000000000);
CREATE TABLE budget (
	id INTEGER NOT NULL, 
	scope TEXT NOT NULL, 
	currency TEXT NOT NULL, 
	window TEXT NOT NULL, 
	tz TEXT NOT NULL, 
	limit_nanos INTEGER, 
	created_at INTEGER NOT NULL, 
	CONSTRAINT pk_budget PRIMARY KEY (id), 
	CONSTRAINT uq_budget_scope_currency_window_tz UNIQUE (scope, currency, window, tz), 
	CONSTRAINT ck_budget_window_known CHECK (window IN ('total', 'month')), 
	CONSTRAINT ck_budget_limit_not_negative CHECK (limit_nanos IS NULL OR limit_nanos >= 0)
)
 STRICT

;
INSERT INTO "budget" VALUES(1,'acme','USD','total','UTC',100000000000,1795176000000000);
INSERT INTO "budget" VALUES(2,'acme/c7','USD','month','Europe/Paris',20000000000,1795176000000000);
INSERT INTO "budget" VALUES(3,'acme/c8','USD','total','UTC',1000000000,1795176000000000);
INSERT INTO "budget" VALUES(4,'acme/c9','USD','total','UTC',2800000000,1795176000000000);
INSERT INTO "budget" VALUES(5,'acme/c10','USD','total','UTC',4000000000,1795176000000000);
INSERT INTO "budget" VALUES(6,'beta','USD','total','UTC',NULL,1795176000000000);
INSERT INTO "budget" VALUES(7,'gamma','USD','total','UTC',0,1795176000000000);
CREATE TABLE entry (
	txn INTEGER NOT NULL, 
	line INTEGER NOT NULL, 
	book TEXT NOT NULL, 
	account TEXT NOT NULL, 
	currency TEXT NOT NULL, 
	amount_nanos INTEGER NOT NULL, 
	CONSTRAINT pk_entry PRIMARY KEY (txn, line), 
	CONSTRAINT ck_entry_says_something CHECK (amount_nanos <> 0), 
	CONSTRAINT ck_entry_book_known CHECK (book IN ('money', 'envelope')), 
	CONSTRAINT fk_entry_txn FOREIGN KEY(txn) REFERENCES txn (id)
)
 STRICT

;
INSERT INTO "entry" VALUES(1,0,'money','expense:fal','USD',1400000000);
INSERT INTO "entry" VALUES(1,1,'money','payable:fal','USD',-1400000000);
INSERT INTO "entry" VALUES(1,2,'envelope','spent:acme/c7','USD',1400000000);
INSERT INTO "entry" VALUES(1,3,'envelope','allowance:acme/c7','USD',-1400000000);
INSERT INTO "entry" VALUES(2,0,'money','expense:fal','USD',1400000000);
INSERT INTO "entry" VALUES(2,1,'money','payable:fal','USD',-1400000000);
INSERT INTO "entry" VALUES(2,2,'envelope','spent:acme/c7','USD',1400000000);
INSERT INTO "entry" VALUES(2,3,'envelope','allowance:acme/c7','USD',-1400000000);
INSERT INTO "entry" VALUES(3,0,'money','expense:fal','USD',-140000000);
INSERT INTO "entry" VALUES(3,1,'money','payable:fal','USD',140000000);
INSERT INTO "entry" VALUES(3,2,'envelope','spent:acme/c7','USD',-140000000);
INSERT INTO "entry" VALUES(3,3,'envelope','allowance:acme/c7','USD',140000000);
INSERT INTO "entry" VALUES(4,0,'money','expense:fal','USD',1400000000);
INSERT INTO "entry" VALUES(4,1,'money','payable:fal','USD',-1400000000);
INSERT INTO "entry" VALUES(4,2,'envelope','spent:acme/c7','USD',1400000000);
INSERT INTO "entry" VALUES(4,3,'envelope','allowance:acme/c7','USD',-1400000000);
INSERT INTO "entry" VALUES(5,0,'money','expense:fal','USD',1300000000);
INSERT INTO "entry" VALUES(5,1,'money','payable:fal','USD',-1300000000);
INSERT INTO "entry" VALUES(5,2,'envelope','spent:acme/c8','USD',1300000000);
INSERT INTO "entry" VALUES(5,3,'envelope','allowance:acme/c8','USD',-1300000000);
INSERT INTO "entry" VALUES(6,0,'money','expense:fal','USD',1400000000);
INSERT INTO "entry" VALUES(6,1,'money','payable:fal','USD',-1400000000);
INSERT INTO "entry" VALUES(6,2,'envelope','spent:acme/c9','USD',1400000000);
INSERT INTO "entry" VALUES(6,3,'envelope','allowance:acme/c9','USD',-1400000000);
INSERT INTO "entry" VALUES(7,0,'money','expense:fal','USD',3400000000);
INSERT INTO "entry" VALUES(7,1,'money','payable:fal','USD',-3400000000);
INSERT INTO "entry" VALUES(7,2,'envelope','spent:acme/c10','USD',3400000000);
INSERT INTO "entry" VALUES(7,3,'envelope','allowance:acme/c10','USD',-3400000000);
INSERT INTO "entry" VALUES(8,0,'money','expense:fal','creatify-credit',11000000000);
INSERT INTO "entry" VALUES(8,1,'money','prepaid:fal','creatify-credit',-11000000000);
INSERT INTO "entry" VALUES(8,2,'envelope','spent:beta','USD',2178000000);
INSERT INTO "entry" VALUES(8,3,'envelope','allowance:beta','USD',-2178000000);
INSERT INTO "entry" VALUES(9,0,'money','expense:runware','USD',1400000000);
INSERT INTO "entry" VALUES(9,1,'money','payable:runware','USD',-1400000000);
INSERT INTO "entry" VALUES(9,2,'envelope','spent:acme/c7','USD',1400000000);
INSERT INTO "entry" VALUES(9,3,'envelope','allowance:acme/c7','USD',-1400000000);
INSERT INTO "entry" VALUES(10,0,'money','expense:fal','USD',1400000000);
INSERT INTO "entry" VALUES(10,1,'money','payable:fal','USD',-1400000000);
INSERT INTO "entry" VALUES(10,2,'envelope','spent:acme/c7','USD',1400000000);
INSERT INTO "entry" VALUES(10,3,'envelope','allowance:acme/c7','USD',-1400000000);
INSERT INTO "entry" VALUES(11,0,'money','expense:fal','USD',1200000000);
INSERT INTO "entry" VALUES(11,1,'money','payable:fal','USD',-1200000000);
INSERT INTO "entry" VALUES(11,2,'envelope','spent:acme/c7','USD',1200000000);
INSERT INTO "entry" VALUES(11,3,'envelope','allowance:acme/c7','USD',-1200000000);
CREATE TABLE event (
	id INTEGER NOT NULL, 
	job TEXT NOT NULL, 
	attempt TEXT, 
	step INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	outcome TEXT, 
	state TEXT NOT NULL, 
	open_nanos INTEGER NOT NULL, 
	detail TEXT NOT NULL, 
	proof TEXT NOT NULL, 
	CONSTRAINT pk_event PRIMARY KEY (id), 
	CONSTRAINT fk_event_job FOREIGN KEY(job) REFERENCES job (id)
)
 STRICT

;
INSERT INTO "event" VALUES(1,'settled',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(2,'settled','a-settled',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(3,'settled','a-settled',3,1795176000000000,'outcome','accepted','submitted',1400000000,'accepted as p-a-settled','');
INSERT INTO "event" VALUES(4,'revised',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(5,'revised','a-revised',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(6,'revised','a-revised',3,1795176000000000,'outcome','accepted','submitted',1400000000,'accepted as p-a-revised','');
INSERT INTO "event" VALUES(7,'refunded',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(8,'refunded','a-refunded',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(9,'refunded','a-refunded',3,1795176000000000,'outcome','accepted','submitted',1400000000,'accepted as p-a-refunded','');
INSERT INTO "event" VALUES(10,'over',NULL,1,1795176000000000,'hold',NULL,'held',1000000000,'1.00 USD of acme/c8 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(11,'over','a-over',2,1795176000000000,'intent',NULL,'submitting',1000000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(12,'over','a-over',3,1795176000000000,'outcome','accepted','submitted',1000000000,'accepted as p-a-over','');
INSERT INTO "event" VALUES(13,'half',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c9 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(14,'half','a-half',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(15,'half','a-half',3,1795176000000000,'outcome','accepted','submitted',1400000000,'accepted as p-a-half','');
INSERT INTO "event" VALUES(16,'most',NULL,1,1795176000000000,'hold',NULL,'held',3400000000,'3.40 USD of acme/c10 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(17,'most','a-most',2,1795176000000000,'intent',NULL,'submitting',3400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(18,'most','a-most',3,1795176000000000,'outcome','accepted','submitted',3400000000,'accepted as p-a-most','');
INSERT INTO "event" VALUES(19,'credits',NULL,1,1795176000000000,'hold',NULL,'held',2178000000,'2.178 USD of beta for creatify/aurora_v1','');
INSERT INTO "event" VALUES(20,'credits','a-credits',2,1795176000000000,'intent',NULL,'submitting',2178000000,'attempt 1 at fal: creatify/aurora_v1','');
INSERT INTO "event" VALUES(21,'credits','a-credits',3,1795176000000000,'outcome','accepted','submitted',2178000000,'accepted as p-a-credits','');
INSERT INTO "event" VALUES(22,'second',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(23,'second','a-second-1',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(24,'second','a-second-1',3,1795176000000000,'outcome','refused','held',1400000000,'refused: busy','');
INSERT INTO "event" VALUES(25,'second','a-second-2',4,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 2 at runware: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(26,'second','a-second-2',5,1795176000000000,'outcome','accepted','submitted',1400000000,'accepted as p-second-2','');
INSERT INTO "event" VALUES(27,'held',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(28,'submitting',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(29,'submitting','a-submitting',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(30,'submitted',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(31,'submitted','a-submitted',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(32,'submitted','a-submitted',3,1795176000000000,'outcome','accepted','submitted',1400000000,'accepted as p-a-submitted','');
INSERT INTO "event" VALUES(33,'unknown',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(34,'unknown','a-unknown',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(35,'unknown','a-unknown',3,1795176000000000,'outcome','unknown','unknown',1400000000,'unknown: timed out','');
INSERT INTO "event" VALUES(36,'parked',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(37,'parked','a-parked',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(38,'parked','a-parked',3,1795176000000000,'outcome','accepted','submitted',1400000000,'accepted as p-a-parked','');
INSERT INTO "event" VALUES(39,'provisional',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(40,'provisional','a-provisional',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(41,'provisional','a-provisional',3,1795176000000000,'outcome','accepted','submitted',1400000000,'accepted as p-a-provisional','');
INSERT INTO "event" VALUES(42,'released',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(43,'released',NULL,2,1795176000000000,'release',NULL,'released',0,'cancelled','');
INSERT INTO "event" VALUES(44,'late',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(45,'late','a-late',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(46,'late','a-late',3,1795176000000000,'outcome','accepted','submitted',1400000000,'accepted as p-a-late','');
INSERT INTO "event" VALUES(47,'late',NULL,4,1795176000000000,'release',NULL,'released',0,'failed','says failed');
INSERT INTO "event" VALUES(48,'written',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(49,'written','a-written',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(50,'written','a-written',3,1795176000000000,'unknown','unknown','unknown',1400000000,'no news','');
INSERT INTO "event" VALUES(51,'resolved',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(52,'resolved','a-resolved',2,1795176000000000,'intent',NULL,'submitting',1400000000,'attempt 1 at fal: fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(53,'resolved','a-resolved',3,1795176000000000,'unknown','unknown','unknown',1400000000,'no news','');
INSERT INTO "event" VALUES(54,'expired',NULL,1,1795176000000000,'hold',NULL,'held',1400000000,'1.40 USD of acme/c7 for fal/fal-ai/creatify/aurora','');
INSERT INTO "event" VALUES(55,'expired',NULL,2,1795176005000000,'expire',NULL,'expired',0,'the hold lapsed before an attempt was open','');
CREATE TABLE job (
	id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	request_hash TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	currency TEXT NOT NULL, 
	state TEXT NOT NULL, 
	step INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	offer TEXT NOT NULL, 
	settings TEXT NOT NULL, 
	outputs_asked INTEGER NOT NULL, 
	first_quote_id TEXT NOT NULL, 
	quote_id TEXT NOT NULL, 
	low_nanos INTEGER NOT NULL, 
	expected_nanos INTEGER NOT NULL, 
	high_nanos INTEGER NOT NULL, 
	held_nanos INTEGER NOT NULL, 
	open_nanos INTEGER NOT NULL, 
	charged_nanos INTEGER, 
	native_nanos INTEGER, 
	native_currency TEXT, 
	reported_nanos INTEGER, 
	reported_currency TEXT, 
	parked_nanos INTEGER NOT NULL, 
	evidence TEXT, 
	final INTEGER, 
	cause TEXT, 
	reason TEXT NOT NULL, 
	proof TEXT NOT NULL, 
	tags TEXT NOT NULL, 
	request TEXT NOT NULL, 
	outputs TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	granted_at INTEGER NOT NULL, 
	expires_at INTEGER NOT NULL, 
	silent_since INTEGER, 
	CONSTRAINT pk_job PRIMARY KEY (id), 
	CONSTRAINT uq_job_key UNIQUE ("key"), 
	CONSTRAINT ck_job_state_known CHECK (state IN ('held', 'submitting', 'submitted', 'unknown', 'settled', 'released', 'expired', 'written_off')), 
	CONSTRAINT ck_job_open_within_held CHECK (open_nanos >= 0 AND open_nanos <= held_nanos), 
	CONSTRAINT ck_job_open_has_owner CHECK (open_nanos = 0 OR state IN ('held', 'submitting', 'submitted', 'unknown')), 
	CONSTRAINT ck_job_parked_not_negative CHECK (parked_nanos >= 0), 
	CONSTRAINT fk_job_first_quote_id FOREIGN KEY(first_quote_id) REFERENCES quote (id), 
	CONSTRAINT fk_job_quote_id FOREIGN KEY(quote_id) REFERENCES quote (id)
)
 STRICT

;
INSERT INTO "job" VALUES('settled','key-settled','h','acme/c7','USD','settled',4,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,0,1400000000,1400000000,'USD',1400000000,'USD',0,'inline',1,'none','','','{"team":"ads","note":"it''s; \u00fcn\u00ef"}','{"image":"face.jpg"}','["https://example.test/clip.mp4"]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('revised','key-revised','h','acme/c7','USD','settled',5,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,0,1260000000,1260000000,'USD',1260000000,'USD',0,'billing_event',1,'quantity','','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('refunded','key-refunded','h','acme/c7','USD','settled',5,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,0,1400000000,1400000000,'USD',0,'USD',0,'inline',1,'none','0.00 USD is out of proportion to the quote: parked until a person resolves it','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('over','key-over','h','acme/c8','USD','settled',4,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'caa66fc2fda267847b4106fd0b615f0d','caa66fc2fda267847b4106fd0b615f0d',1000000000,1000000000,1000000000,1000000000,0,1300000000,1300000000,'USD',1300000000,'USD',0,'inline',1,'unexplained','','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('half','key-half','h','acme/c9','USD','settled',4,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,0,1400000000,1400000000,'USD',1400000000,'USD',0,'inline',1,'none','','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('most','key-most','h','acme/c10','USD','settled',4,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'3e71d784a1b40fcde51bf39ea4b16a13','3e71d784a1b40fcde51bf39ea4b16a13',3400000000,3400000000,3400000000,3400000000,0,3400000000,3400000000,'USD',3400000000,'USD',0,'inline',1,'none','','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('credits','key-credits','h','beta','USD','settled',4,1,'creatify/aurora_v1','{"resolution":"720p"}',1,'1b019ae39eef4bdb4dce22c8eaf1537f','1b019ae39eef4bdb4dce22c8eaf1537f',2178000000,2178000000,2178000000,2178000000,0,2178000000,11000000000,'creatify-credit',11000000000,'creatify-credit',0,'inline',1,'none','','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('second','key-second','h','acme/c7','USD','settled',6,2,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,0,1400000000,1400000000,'USD',1400000000,'USD',0,'inline',1,'none','','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('held','key-held','h','acme/c7','USD','held',1,0,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,1400000000,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1805176000000000,NULL);
INSERT INTO "job" VALUES('submitting','key-submitting','h','acme/c7','USD','submitting',2,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,1400000000,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('submitted','key-submitted','h','acme/c7','USD','submitted',3,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,1400000000,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('unknown','key-unknown','h','acme/c7','USD','unknown',3,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,1400000000,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'timed out','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('parked','key-parked','h','acme/c7','USD','unknown',4,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,1400000000,NULL,NULL,NULL,40000000000,'USD',40000000000,NULL,NULL,NULL,'40.00 USD is out of proportion to the quote: parked until a person resolves it','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('provisional','key-provisional','h','acme/c7','USD','submitted',4,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,1400000000,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,1795176000000000);
INSERT INTO "job" VALUES('released','key-released','h','acme/c7','USD','released',2,0,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,0,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'cancelled','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('late','key-late','h','acme/c7','USD','settled',5,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,0,1400000000,1400000000,'USD',1400000000,'USD',0,'billing_event',1,'none','a charge came after the job was released','says failed','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('written','key-written','h','acme/c7','USD','written_off',4,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,0,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'too long ago','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('resolved','key-resolved','h','acme/c7','USD','settled',4,1,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,0,1200000000,1200000000,'USD',NULL,NULL,0,'resolve',1,'unexplained','on the bill','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176600000000,NULL);
INSERT INTO "job" VALUES('expired','key-expired','h','acme/c7','USD','expired',2,0,'fal/fal-ai/creatify/aurora','{"resolution":"720p"}',1,'833cdc51f5164e2a3ed5e6bcc0572273','833cdc51f5164e2a3ed5e6bcc0572273',1400000000,1400000000,1400000000,1400000000,0,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,'the hold lapsed before an attempt was open','','{}','{"image":"face.jpg"}','[]','test',1795176000000000,1795176001000000,NULL);
CREATE TABLE observation (
	id INTEGER NOT NULL, 
	job TEXT NOT NULL, 
	attempt TEXT, 
	step INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	evidence TEXT NOT NULL, 
	amount_nanos INTEGER, 
	currency TEXT, 
	final INTEGER NOT NULL, 
	delivered INTEGER NOT NULL, 
	units TEXT, 
	external_id TEXT, 
	outputs TEXT NOT NULL, 
	note TEXT NOT NULL, 
	verdict TEXT, 
	author TEXT, 
	proof TEXT NOT NULL, 
	state TEXT NOT NULL, 
	open_nanos INTEGER NOT NULL, 
	CONSTRAINT pk_observation PRIMARY KEY (id), 
	CONSTRAINT ck_observation_evidence_known CHECK (evidence IN ('quote', 'units', 'inline', 'billing_event', 'invoice', 'resolve')), 
	CONSTRAINT fk_observation_job FOREIGN KEY(job) REFERENCES job (id), 
	CONSTRAINT fk_observation_attempt FOREIGN KEY(attempt) REFERENCES attempt (id)
)
 STRICT

;
INSERT INTO "observation" VALUES(1,'settled','a-settled',4,1795176000000000,'inline',1400000000,'USD',1,1,'10','x-1','["https://example.test/clip.mp4"]','',NULL,NULL,'','settled',0);
INSERT INTO "observation" VALUES(2,'revised','a-revised',4,1795176000000000,'inline',1400000000,'USD',0,1,NULL,NULL,'[]','',NULL,NULL,'','settled',0);
INSERT INTO "observation" VALUES(3,'revised','a-revised',5,1795176000000000,'billing_event',1260000000,'USD',1,1,NULL,NULL,'[]','',NULL,NULL,'','settled',0);
INSERT INTO "observation" VALUES(4,'refunded','a-refunded',4,1795176000000000,'inline',1400000000,'USD',1,1,NULL,NULL,'[]','',NULL,NULL,'','settled',0);
INSERT INTO "observation" VALUES(5,'refunded','a-refunded',5,1795176000000000,'invoice',0,'USD',1,1,NULL,NULL,'[]','',NULL,NULL,'','settled',0);
INSERT INTO "observation" VALUES(6,'over','a-over',4,1795176000000000,'inline',1300000000,'USD',1,1,NULL,NULL,'[]','',NULL,NULL,'','settled',0);
INSERT INTO "observation" VALUES(7,'half','a-half',4,1795176000000000,'inline',1400000000,'USD',1,1,NULL,NULL,'[]','',NULL,NULL,'','settled',0);
INSERT INTO "observation" VALUES(8,'most','a-most',4,1795176000000000,'inline',3400000000,'USD',1,1,NULL,NULL,'[]','',NULL,NULL,'','settled',0);
INSERT INTO "observation" VALUES(9,'credits','a-credits',4,1795176000000000,'inline',11000000000,'creatify-credit',1,1,NULL,NULL,'[]','',NULL,NULL,'','settled',0);
INSERT INTO "observation" VALUES(10,'second','a-second-2',6,1795176000000000,'inline',1400000000,'USD',1,1,NULL,NULL,'[]','',NULL,NULL,'','settled',0);
INSERT INTO "observation" VALUES(11,'parked','a-parked',4,1795176000000000,'inline',40000000000,'USD',1,1,NULL,NULL,'[]','',NULL,NULL,'','unknown',1400000000);
INSERT INTO "observation" VALUES(12,'provisional','a-provisional',4,1795176000000000,'inline',NULL,NULL,0,1,NULL,NULL,'[]','',NULL,NULL,'','submitted',1400000000);
INSERT INTO "observation" VALUES(13,'late','a-late',5,1795176000000000,'billing_event',1400000000,'USD',1,1,NULL,NULL,'[]','',NULL,NULL,'says failed','settled',0);
INSERT INTO "observation" VALUES(14,'written','a-written',4,1795176000000000,'resolve',NULL,NULL,1,0,NULL,NULL,'[]','too long ago','written_off','ann','','written_off',0);
INSERT INTO "observation" VALUES(15,'resolved','a-resolved',4,1795176000000000,'resolve',1200000000,'USD',1,0,NULL,NULL,'[]','on the bill','charged','ann','','settled',0);
CREATE TABLE period (
	id INTEGER NOT NULL, 
	budget_id INTEGER NOT NULL, 
	starts_at INTEGER NOT NULL, 
	ends_at INTEGER NOT NULL, 
	limit_nanos INTEGER, 
	spent_nanos INTEGER NOT NULL, 
	held_nanos INTEGER NOT NULL, 
	CONSTRAINT pk_period PRIMARY KEY (id), 
	CONSTRAINT uq_period_budget_id_starts_at UNIQUE (budget_id, starts_at), 
	CONSTRAINT ck_period_rises CHECK (ends_at > starts_at), 
	CONSTRAINT ck_period_held_not_negative CHECK (held_nanos >= 0), 
	CONSTRAINT fk_period_budget_id FOREIGN KEY(budget_id) REFERENCES budget (id)
)
 STRICT

;
INSERT INTO "period" VALUES(1,1,0,4611686018427387904,100000000000,14160000000,8400000000);
INSERT INTO "period" VALUES(2,2,1793487600000000,1796079600000000,20000000000,8060000000,8400000000);
INSERT INTO "period" VALUES(3,3,0,4611686018427387904,1000000000,1300000000,0);
INSERT INTO "period" VALUES(4,4,0,4611686018427387904,2800000000,1400000000,0);
INSERT INTO "period" VALUES(5,5,0,4611686018427387904,4000000000,3400000000,0);
INSERT INTO "period" VALUES(6,6,0,4611686018427387904,NULL,2178000000,0);
INSERT INTO "period" VALUES(7,7,0,4611686018427387904,0,0,0);
CREATE TABLE quote (
	id TEXT NOT NULL, 
	body TEXT NOT NULL, 
	CONSTRAINT pk_quote PRIMARY KEY (id)
)
 STRICT

;
INSERT INTO "quote" VALUES('833cdc51f5164e2a3ed5e6bcc0572273','{"offer":"fal/fal-ai/creatify/aurora","settings":{"resolution":"720p"},"at":"2026-11-20","outputs":1,"expected":{"amount":"1.4","currency":"USD"},"low":{"amount":"1.4","currency":"USD"},"high":{"amount":"1.4","currency":"USD"},"usd":{"expected":{"amount":"1.4","currency":"USD"},"low":{"amount":"1.4","currency":"USD"},"high":{"amount":"1.4","currency":"USD"}},"lines":[{"label":"Aurora","measured":"10","billed":"10","unit":"s","rate":"0.14","amount":{"amount":"1.4","currency":"USD"}}],"assumptions":[],"sources":[{"url":"https://example.test/prices","evidence":"published","checked_on":"2026-11-20","effective_from":"unknown","effective_until":null}],"plan":null,"rates":["rate-1"],"book":"b"}');
INSERT INTO "quote" VALUES('caa66fc2fda267847b4106fd0b615f0d','{"offer":"fal/fal-ai/creatify/aurora","settings":{"resolution":"720p"},"at":"2026-11-20","outputs":1,"expected":{"amount":"1","currency":"USD"},"low":{"amount":"1","currency":"USD"},"high":{"amount":"1","currency":"USD"},"usd":{"expected":{"amount":"1","currency":"USD"},"low":{"amount":"1","currency":"USD"},"high":{"amount":"1","currency":"USD"}},"lines":[{"label":"Aurora","measured":"7.142857142857142857142857143","billed":"7.142857142857142857142857143","unit":"s","rate":"0.14","amount":{"amount":"1","currency":"USD"}}],"assumptions":[],"sources":[{"url":"https://example.test/prices","evidence":"published","checked_on":"2026-11-20","effective_from":"unknown","effective_until":null}],"plan":null,"rates":["rate-1"],"book":"b"}');
INSERT INTO "quote" VALUES('3e71d784a1b40fcde51bf39ea4b16a13','{"offer":"fal/fal-ai/creatify/aurora","settings":{"resolution":"720p"},"at":"2026-11-20","outputs":1,"expected":{"amount":"3.4","currency":"USD"},"low":{"amount":"3.4","currency":"USD"},"high":{"amount":"3.4","currency":"USD"},"usd":{"expected":{"amount":"3.4","currency":"USD"},"low":{"amount":"3.4","currency":"USD"},"high":{"amount":"3.4","currency":"USD"}},"lines":[{"label":"Aurora","measured":"24.28571428571428571428571429","billed":"24.28571428571428571428571429","unit":"s","rate":"0.14","amount":{"amount":"3.4","currency":"USD"}}],"assumptions":[],"sources":[{"url":"https://example.test/prices","evidence":"published","checked_on":"2026-11-20","effective_from":"unknown","effective_until":null}],"plan":null,"rates":["rate-1"],"book":"b"}');
INSERT INTO "quote" VALUES('1b019ae39eef4bdb4dce22c8eaf1537f','{"offer":"creatify/aurora_v1","settings":{"resolution":"720p"},"at":"2026-11-20","outputs":1,"expected":{"amount":"11","currency":"creatify-credit"},"low":{"amount":"11","currency":"creatify-credit"},"high":{"amount":"11","currency":"creatify-credit"},"usd":{"expected":{"amount":"2.178","currency":"USD"},"low":{"amount":"2.178","currency":"USD"},"high":{"amount":"2.178","currency":"USD"}},"lines":[{"label":"Aurora","measured":"11","billed":"11","unit":"s","rate":"1","amount":{"amount":"11","currency":"creatify-credit"}}],"assumptions":[],"sources":[{"url":"https://example.test/prices","evidence":"published","checked_on":"2026-11-20","effective_from":"unknown","effective_until":null}],"plan":"api-starter","rates":["rate-1"],"book":"b"}');
CREATE TABLE refusal (
	id INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	job TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	offer TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	currency TEXT, 
	limit_nanos INTEGER, 
	available_nanos INTEGER, 
	asked_nanos INTEGER, 
	detail TEXT NOT NULL, 
	CONSTRAINT pk_refusal PRIMARY KEY (id)
)
 STRICT

;
INSERT INTO "refusal" VALUES(1,1795176005000000,'big','key-big','acme/c8','fal/fal-ai/creatify/aurora','budget','USD',1000000000,-300000000,1400000000,'acme/c8 has -0.30 USD available of its limit 1.00 USD; 1.40 USD asked');
INSERT INTO "refusal" VALUES(2,1795176005000000,'nobody','key-nobody','nobody','fal/fal-ai/creatify/aurora','no_budget',NULL,NULL,NULL,NULL,'no budget covers nobody: set one with: faregate budget set nobody "50 USD"');
INSERT INTO "refusal" VALUES(3,1795176005000000,'gamma','key-gamma','gamma','fal/fal-ai/creatify/aurora','budget','USD',0,0,1400000000,'gamma has 0.00 USD available of its limit 0.00 USD; 1.40 USD asked');
CREATE TABLE store (
	id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	created_at INTEGER NOT NULL, 
	CONSTRAINT pk_store PRIMARY KEY (id), 
	CONSTRAINT ck_store_one CHECK (id = 1)
)
 STRICT

;
INSERT INTO "store" VALUES(1,1,1795176000000000);
CREATE TABLE txn (
	id INTEGER NOT NULL, 
	job TEXT NOT NULL, 
	attempt TEXT NOT NULL, 
	step INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	granted_at INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	evidence TEXT NOT NULL, 
	CONSTRAINT pk_txn PRIMARY KEY (id), 
	CONSTRAINT fk_txn_job FOREIGN KEY(job) REFERENCES job (id), 
	CONSTRAINT fk_txn_attempt FOREIGN KEY(attempt) REFERENCES attempt (id)
)
 STRICT

;
INSERT INTO "txn" VALUES(1,'settled','a-settled',4,1795176000000000,1795176000000000,'settle','inline');
INSERT INTO "txn" VALUES(2,'revised','a-revised',4,1795176000000000,1795176000000000,'settle','inline');
INSERT INTO "txn" VALUES(3,'revised','a-revised',5,1795176000000000,1795176000000000,'revision','billing_event');
INSERT INTO "txn" VALUES(4,'refunded','a-refunded',4,1795176000000000,1795176000000000,'settle','inline');
INSERT INTO "txn" VALUES(5,'over','a-over',4,1795176000000000,1795176000000000,'settle','inline');
INSERT INTO "txn" VALUES(6,'half','a-half',4,1795176000000000,1795176000000000,'settle','inline');
INSERT INTO "txn" VALUES(7,'most','a-most',4,1795176000000000,1795176000000000,'settle','inline');
INSERT INTO "txn" VALUES(8,'credits','a-credits',4,1795176000000000,1795176000000000,'settle','inline');
INSERT INTO "txn" VALUES(9,'second','a-second-2',6,1795176000000000,1795176000000000,'settle','inline');
INSERT INTO "txn" VALUES(10,'late','a-late',5,1795176000000000,1795176000000000,'settle','billing_event');
INSERT INTO "txn" VALUES(11,'resolved','a-resolved',4,1795176000000000,1795176000000000,'resolve','resolve');
CREATE INDEX ix_job_open ON job (granted_at) WHERE open_nanos > 0;
CREATE INDEX ix_job_scope ON job (scope, granted_at);
CREATE INDEX ix_event_job ON event (job, step);
CREATE INDEX ix_observation_job ON observation (job);
CREATE INDEX ix_txn_job ON txn (job);
CREATE INDEX ix_entry_account ON entry (account);
CREATE TRIGGER quote_keeps_update BEFORE UPDATE ON quote BEGIN SELECT RAISE(ABORT, 'quote holds facts: rows are only added'); END;
CREATE TRIGGER quote_keeps_delete BEFORE DELETE ON quote BEGIN SELECT RAISE(ABORT, 'quote holds facts: rows are only added'); END;
CREATE TRIGGER quote_keeps_insert BEFORE INSERT ON quote WHEN EXISTS (SELECT 1 FROM quote WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'quote holds facts: rows are only added'); END;
CREATE TRIGGER refusal_keeps_update BEFORE UPDATE ON refusal BEGIN SELECT RAISE(ABORT, 'refusal holds facts: rows are only added'); END;
CREATE TRIGGER refusal_keeps_delete BEFORE DELETE ON refusal BEGIN SELECT RAISE(ABORT, 'refusal holds facts: rows are only added'); END;
CREATE TRIGGER refusal_keeps_insert BEFORE INSERT ON refusal WHEN EXISTS (SELECT 1 FROM refusal WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'refusal holds facts: rows are only added'); END;
CREATE TRIGGER event_keeps_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'event holds facts: rows are only added'); END;
CREATE TRIGGER event_keeps_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'event holds facts: rows are only added'); END;
CREATE TRIGGER event_keeps_insert BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'event holds facts: rows are only added'); END;
CREATE TRIGGER observation_keeps_update BEFORE UPDATE ON observation BEGIN SELECT RAISE(ABORT, 'observation holds facts: rows are only added'); END;
CREATE TRIGGER observation_keeps_delete BEFORE DELETE ON observation BEGIN SELECT RAISE(ABORT, 'observation holds facts: rows are only added'); END;
CREATE TRIGGER observation_keeps_insert BEFORE INSERT ON observation WHEN EXISTS (SELECT 1 FROM observation WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'observation holds facts: rows are only added'); END;
CREATE TRIGGER txn_keeps_update BEFORE UPDATE ON txn BEGIN SELECT RAISE(ABORT, 'txn holds facts: rows are only added'); END;
CREATE TRIGGER txn_keeps_delete BEFORE DELETE ON txn BEGIN SELECT RAISE(ABORT, 'txn holds facts: rows are only added'); END;
CREATE TRIGGER txn_keeps_insert BEFORE INSERT ON txn WHEN EXISTS (SELECT 1 FROM txn WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'txn holds facts: rows are only added'); END;
CREATE TRIGGER entry_keeps_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entry holds facts: rows are only added'); END;
CREATE TRIGGER entry_keeps_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entry holds facts: rows are only added'); END;
CREATE TRIGGER entry_keeps_insert BEFORE INSERT ON entry WHEN EXISTS (SELECT 1 FROM entry WHERE txn = NEW.txn AND line = NEW.line) BEGIN SELECT RAISE(ABORT, 'entry holds facts: rows are only added'); END;
COMMIT;
