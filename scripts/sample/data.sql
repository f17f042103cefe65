-- The same rows on every machine: every choice is a hash of what it is for.
CREATE FUNCTION pg_temp.roll(seed text, sides bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT ('x' || substr(md5(seed), 1, 12))::bit(48)::bigint % sides $$;

CREATE FUNCTION pg_temp.pick(words text[], seed text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT words[1 + pg_temp.roll(seed, cardinality(words))] $$;

CREATE FUNCTION pg_temp.day(seed text) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$$ SELECT timestamptz '2022-01-01 00:00:00+00' + pg_temp.roll(seed, 94608000) * interval '1 second' $$;

INSERT INTO users (id, name, created_at)
SELECT n,
       pg_temp.pick('{Aisha,Amara,Anders,Beatriz,Carlos,Chen,Daniela,David,Elena,Emeka,Farah,Felix,Grace,Hana,Hugo,Ines,Ivan,Jamal,Julia,Kavya,Kenji,Lars,Leila,Maria,Mateo,Nadia,Nikhil,Olga,Omar,Priya,Rahul,Rosa,Samuel,Sofia,Tariq,Thea,Umar,Vera,Wei,Yuki,Zoe}', 'first' || n)
       || ' ' ||
       pg_temp.pick('{Abebe,Almeida,Andersson,Banerjee,Bauer,Castro,Costa,Dubois,Eriksen,Fernandez,Fischer,Gupta,Haddad,Ito,Ivanova,Jensen,Kim,Kowalski,Kumar,Larsen,Martin,Mensah,Moreau,Nakamura,Nguyen,Okafor,Olsen,Patel,Petrov,Reddy,Rossi,Santos,Sharma,Silva,Singh,Tanaka,Virtanen,Weber,Yilmaz,Zhang}', 'last' || n),
       pg_temp.day('user' || n)
FROM generate_series(1, 800) n;

INSERT INTO hashtags (id, name, created_at)
SELECT n, name, pg_temp.day('hashtag' || n)
FROM unnest('{accessibility,agriculture,ai,analytics,android,arduino,art,astronomy,beginners,bioinformatics,blockchain,chatbot,civictech,climate,cloud,community,compilers,cooking,cryptography,dataviz,databases,design,devtools,education,elixir,embedded,energy,fashion,fintech,fitness,games,geospatial,golang,graphql,hardware,health,hackathon,internationalization,ios,iot,kotlin,kubernetes,languages,legal,linux,logistics,machine-learning,maps,mentalhealth,mobile,music,networking,nlp,nonprofit,open-data,opensource,parenting,performance,pets,photography,postgres,privacy,productivity,python,react,recycling,robotics,rust,safety,satellite,science,search,security,serverless,smart-home,social,space,speech,sports,storage,students,sustainability,testing,tourism,transport,typescript,video,virtual-reality,volunteering,water,weather,wearables,web,webassembly,wildlife,writing}'::text[])
     WITH ORDINALITY AS tags (name, n);

INSERT INTO projects (id, name, slug, description, created_at)
VALUES (1, 'Devfolio', 'devfolio', 'Your one application to the best hackathons', '2022-03-14 09:26:53+00');

INSERT INTO projects (id, name, slug, description, created_at)
SELECT n, name, lower(name) || '-' || n,
       pg_temp.pick('{An open,A small,A friendly,A fast,A privacy-first,A self-hosted,A community-run,A mobile,A lightweight,An offline-ready,A playful,A collaborative}', 'a' || n)
       || ' ' || pg_temp.pick('{platform,toolkit,assistant,dashboard,marketplace,map,game,library,planner,notebook,sensor network,browser extension,search engine,chat app,simulator}', 'b' || n)
       || ' that ' || pg_temp.pick('{helps,guides,connects,supports,teaches,matches,rewards,encourages}', 'c' || n)
       || ' ' || pg_temp.pick('{students,farmers,nurses,cyclists,small shops,volunteers,researchers,musicians,new parents,city councils,open source maintainers,language learners,night-shift workers,rescue teams,hobby astronomers,first-time founders}', 'd' || n)
       || ' who want to ' || pg_temp.pick('{track air quality,share surplus food,find a study partner,plan safer routes,measure their energy use,practise interviews,translate old letters,repair what is broken,learn to program,organise a neighbourhood event,understand public budgets,monitor soil moisture,compose a first song,report potholes,compare train connections,save drinking water}', 'e' || n)
       || '. ' || pg_temp.pick('{Readings arrive live,Everything works without an account,Answers come with their sources,Results are drawn on a map,Teams see each other''s progress,Reminders adapt to the day,Data never leaves the device,Every step is explained in plain words}', 'f' || n)
       || ', and ' || pg_temp.pick('{a weekly summary arrives by mail,the whole history can be exported,a small machine is enough to run it,plugins add what is missing,a public interface lets others build on it,it speaks eleven languages,the interface can be used by keyboard alone,old phones are welcome}', 'g' || n)
       || '. ' || pg_temp.pick('{Built in one weekend,Started as a course project,Winner of the audience award,Born at a winter hackathon,Written during a long train journey,Grown out of a bug report,The third attempt at an old idea,Made by two sisters and a patient cat}', 'h' || n)
       || '; ' || pg_temp.pick('{contributions are welcome,now used in nine schools,looking for designers,the next release brings maps,maintained in the evenings,ready for production,tested with real users,waiting for its first hundred stars}', 'i' || n)
       || '.',
       pg_temp.day('project' || n)
FROM generate_series(2, 3000) n
     CROSS JOIN LATERAL (
       SELECT pg_temp.pick('{Amber,Atlas,Aurora,Basil,Birch,Blue,Bright,Cedar,Cinder,Clear,Cloud,Comet,Coral,Deep,Echo,Ember,Fern,Field,Flint,Forge,Green,Harbor,Hazel,Honey,Iron,Ivy,Juniper,Lumen,Maple,Meadow,Mint,Moss,North,Ocean,Olive,Open,Orbit,Pebble,Pine,Quick,Quiet,River,Rocket,Sage,Silver,Solar,Sparrow,Stone,Swift,Tidal,True,Urban,Velvet,Wild,Willow}', 'x' || n)
              || pg_temp.pick('{base,beam,board,box,bridge,cast,craft,deck,desk,drop,field,flow,folio,forge,graph,hub,kit,lab,lane,leaf,lens,light,line,link,loom,map,mark,mate,mesh,nest,note,path,pilot,point,port,pulse,scope,scout,sense,shelf,shift,signal,space,spark,stack,stream,tide,trail,vault,view,wave,works,yard}', 'y' || n) AS name
     ) names;

INSERT INTO project_hashtags (hashtag_id, project_id)
SELECT DISTINCT 1 + pg_temp.roll('tag' || p || '.' || k, (SELECT count(*) FROM hashtags)), p
FROM generate_series(1, 3000) p, generate_series(1, 5) k
WHERE k <= 1 + pg_temp.roll('tags' || p, 5)
ORDER BY 2, 1;

INSERT INTO user_projects (project_id, user_id)
SELECT DISTINCT p, 1 + pg_temp.roll('member' || p || '.' || k, 800)
FROM generate_series(1, 3000) p, generate_series(1, 4) k
WHERE k <= 1 + pg_temp.roll('members' || p, 4)
ORDER BY 1, 2;

ANALYZE;
