BEGIN TRANSACTION;
CREATE TABLE opt_outs (
	account TEXT NOT NULL,
	channel TEXT NOT NULL,
	address BLOB NOT NULL,
	PRIMARY KEY (account, channel, address)
)
 WITHOUT ROWID

;
CREATE TABLE records (
	account TEXT NOT NULL,
	source TEXT NOT NULL,
	stream TEXT NOT NULL,
	source_key TEXT NOT NULL,
	outcome TEXT NOT NULL,
	action TEXT,
	seen BLOB,
	fingerprint BLOB,
	tried BLOB,
	behaviour BLOB,
	vendor_id TEXT,
	channels TEXT,
	attempts INTEGER NOT NULL,
	retry TEXT,
	reason TEXT,
	words TEXT,
	record BLOB,
	run INTEGER NOT NULL,
	at FLOAT NOT NULL,
	PRIMARY KEY (account, source, stream, source_key)
)
 WITHOUT ROWID

;
INSERT INTO "records" VALUES('test','default','people','1','ok',NULL,X'C12ED1210C804FF26231BEBF1F16B9A2',X'C290F2AFCA5B26CDD7F2638FF791F299',NULL,NULL,'5875947e-1ca1-4adc-a0f3-7bbaf2d89e62','email',0,NULL,NULL,NULL,NULL,1,1735689600.0);
INSERT INTO "records" VALUES('test','default','people','2','rejected',NULL,NULL,NULL,X'2292EA79202C9DC2E0AFD60671A780EC',X'BC8F67C16D119198B1EB4D505DE94394',NULL,NULL,1,'change','invalid record','does not fit the schema: first_name: Type',X'7B226964223A2232222C2266697273745F6E616D65223A377D',1,1735689600.0);
INSERT INTO "records" VALUES('test','default','signatures','1','rejected',NULL,NULL,NULL,X'C8E7D290B098D60991A57312B2B300FA',X'BC8F67C16D119198B1EB4D505DE94394',NULL,NULL,1,'reference','reference not written','person_id refers to 1 of ''people'' that no run has written.',X'7B226964223A2231222C22706572736F6E5F6964223A2239222C227065746974696F6E5F6964223A2231227D',1,1735689600.0);
CREATE TABLE runs (
	run INTEGER NOT NULL,
	account TEXT NOT NULL,
	source TEXT NOT NULL,
	started FLOAT NOT NULL,
	ended FLOAT,
	code INTEGER,
	summary TEXT,
	PRIMARY KEY (run)
);
INSERT INTO "runs" VALUES(1,'test','default',1735689600.0,1735689600.0,3,'{"code":3,"stopped":null,"vendor":"action_network","account":"test","source":"default","run":1,"dry_run":false,"calls":2,"refused_429":0,"in_journal":{"rejected":2},"started":1735689600.0,"seconds":0.36,"streams":{"people":{"read":2,"created":1,"updated":0,"deleted":0,"unchanged":0,"skipped":0,"rejected":1,"standing":0,"unknown":0,"rejected_by":{"invalid record":1},"consent_by":{"email defaulted":1}},"signatures":{"read":1,"created":0,"updated":0,"deleted":0,"unchanged":0,"skipped":0,"rejected":1,"standing":0,"unknown":0,"rejected_by":{"reference not written":1}}}}');
CREATE INDEX records_by_vendor_id ON records (account, stream, vendor_id);
CREATE INDEX records_open ON records (account, source, outcome) WHERE outcome != 'ok';
COMMIT;
